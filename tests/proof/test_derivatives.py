"""The derivatives of J's index sum, beside central differences of the same sum in numbers."""

import itertools
import math

import numpy as np
import pytest

from shapecheck_bp import Network, column
from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.network import Layer
from shapecheck_bp.proof import definitions
from shapecheck_bp.proof.right import KINDS, symbolic_network
from shapecheck_bp.proof.symbols import Symbolic, size

STEP = 1e-6
# Widths that differ, that are equal, and of one; and one example.
SHAPES = [((3, 2, 4), 5), ((2, 2, 2), 2), ((1, 3, 2), 1), ((4, 1, 3), 3)]


def evaluate(number, matrices, at):
    """A number written with index sums, in numbers: term by term and with loops."""
    return sum(
        float(c) * math.prod(_factor(factor, matrices, at) ** power for factor, power in product)
        for product, c in number.terms.items()
    )


def _factor(factor, matrices, at):
    kind, parts = factor.kind, factor.parts
    if kind == "entry":
        row, column = (at[place] if isinstance(place, str) else place for place in parts[1:])
        return matrices[parts[0]][row, column]
    if kind == "size":
        return at[parts[0]]
    if kind == "sum":
        bound, inner = parts
        places = itertools.product(*(range(at[n]) for _, n in bound))
        names = [k for k, _ in bound]
        return sum(
            evaluate(inner, matrices, at | dict(zip(names, place, strict=True))) for place in places
        )
    inside = evaluate(parts[-1], matrices, at)
    if kind == "call":
        pair = ACTIVATIONS[parts[0].rstrip("'")]
        f = pair.g_prime if parts[0].endswith("'") else pair.g
        return f(np.array(inside)).item()
    return {"exp": math.exp, "log": math.log, "several": lambda x: x}[kind](inside)


@pytest.mark.parametrize(("shape", "m"), SHAPES, ids=str)
@pytest.mark.parametrize(("output", "loss"), [*KINDS, ("identity", None)], ids=str)
def test_derivatives_of_J_are_its_slopes(output, loss, shape, m):
    net = symbolic_network(2, "tanh", output, loss)
    params = tuple(
        Layer(
            Symbolic.named("W", (net.sizes[layer], net.sizes[layer - 1]), layer),
            Symbolic.named("b", (net.sizes[layer], 1), layer),
        )
        for layer in (1, 2)
    )
    X, Y = (Symbolic.named(s, (net.sizes[place], size("m"))) for s, place in (("X", 0), ("Y", -1)))
    J, grads = definitions.gradients(net, params, X, Y)
    random = np.random.default_rng(0)
    at = {f"n_{layer}": n for layer, n in enumerate(shape)} | {"m": m}
    values = {
        one.formula.id: random.normal(size=[at.get(str(n), n) for n in one.shape])
        for one in (X, *(array for layer in params for array in layer))
    }
    values["Y"] = random.dirichlet(np.ones(shape[-1]), size=m).T
    for by, derivative in zip(itertools.chain(*params), itertools.chain(*grads), strict=True):
        matrix = values[by.formula.id]
        place = tuple(random.integers(n) for n in matrix.shape)
        found = evaluate(derivative.entry, values, at | dict(zip("ij", place, strict=True)))
        ends = []
        for side in (1, -1):
            moved = matrix.copy()
            moved[place] += side * STEP
            ends.append(evaluate(J.entry, values | {by.formula.id: moved}, at))
        assert np.isclose(found, (ends[0] - ends[1]) / (2 * STEP), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("output", "loss"), KINDS, ids=str)
def test_J_is_the_cost_that_the_code_computes(output, loss):
    shape, m = (3, 2, 4), 5
    net, numbers = symbolic_network(2, "relu", output, loss), Network(shape, "relu", output, loss)
    given = column.init(numbers, seed=1)
    random = np.random.default_rng(1)
    X, Y = random.normal(size=(3, m)), random.dirichlet(np.ones(4), size=m).T
    symbols = tuple(
        Layer(Symbolic.named("W", (n, k), layer), Symbolic.named("b", (n, 1), layer))
        for layer, (k, n) in enumerate(itertools.pairwise(net.sizes), start=1)
    )
    cache = definitions.forward(net, symbols, Symbolic.named("X", (net.sizes[0], size("m"))))
    J = definitions.cost(net, cache, Symbolic.named("Y", (net.sizes[-1], size("m"))))
    values = {"X": X, "Y": Y} | {
        f"{s}[{layer}]": array
        for layer, one in enumerate(given, start=1)
        for s, array in zip("Wb", one, strict=True)
    }
    at = {f"n_{layer}": n for layer, n in enumerate(shape)} | {"m": m}
    expected = float(column.gradients(numbers, given, X, Y)[0])
    assert np.isclose(evaluate(J.entry, values, at), expected, rtol=1e-12)
