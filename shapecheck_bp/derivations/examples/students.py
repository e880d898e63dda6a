"""A thousand students in a design matrix: GPA, GRE and class rank, through layers of 2 and 4.

Follows the design matrix from its first line to "Summary of key equations", in either convention:
its last section writes the four key equations for examples as columns too.
"""

from typing import Any

import numpy as np

from shapecheck_bp.derivations import design_matrix
from shapecheck_bp.derivations.examples.page import Page
from shapecheck_bp.network import Layer, Network

CONVENTIONS = ("row", "column")
M, SHOWN = 1000, 20


def run(page: Page) -> None:
    """Forward, and the four key equations from the last layer to the first."""
    net = Network((3, 2, 4, 1), hidden="tanh", output="sigmoid")
    random = np.random.default_rng(0)
    gpa, gre = random.uniform(2, 4, size=M), random.uniform(260, 340, size=M)
    rank = random.integers(1, 5, size=M)
    X = np.stack([gpa - 3, (gre - 300) / 40, rank - 2.5], axis=1)
    Y = ((gpa > 3) & (rank < 3)).astype(float)[:, None]
    params = tuple(
        Layer(random.normal(size=(n_in, n_out)), random.normal(size=(1, n_out)))
        for n_in, n_out in zip(net.sizes, net.sizes[1:], strict=False)
    )
    few = design_matrix.gradients(net, params, X[:SHOWN], Y[:SHOWN])
    bp, axis = page.bp, page.bp.EXAMPLES_AXIS
    params, X, Y, few = page.flipped((params, X, Y, few))

    page.title("1000 students, 3 features", "the design matrix")
    page.part("Forward: each layer is fed with the activations before it")
    A, Z = [X], []
    for layer, ((W, b), g) in enumerate(zip(params, net.activations, strict=True), start=1):
        Z.append(page.step(f"Z[{layer}], linear step", bp.linear_forward, A[-1], W, b))
        A.append(page.step(f"A[{layer}], non-linear step", bp.activation_forward, Z[-1], g))
    page.say("Z[1] for the first student: one number for each of the 2 nodes")
    first = np.take(Z[0], [0], axis=axis)
    page.agree(
        "the first student alone", first, bp.linear_forward(np.take(X, [0], axis=axis), *params[0])
    )

    page.part("Backward: the four key equations, layer by layer")
    page.say("It starts with dA[3] = -Y / A[3] + (1 - Y) / (1 - A[3]).")
    dA = -Y / A[-1] + (1 - Y) / (1 - A[-1])
    grads: list[Any] = []
    for layer in (3, 2, 1):
        g = net.activations[layer - 1]
        dZ = page.step(
            f"dZ[{layer}], activation backwards", bp.activation_backward, dA, Z[layer - 1], g
        )
        dW, db = page.step(
            f"dW[{layer}], db[{layer}], gradient contributions",
            bp.weights_backward,
            dZ,
            A[layer - 1],
        )
        dA, _, _ = page.step(
            f"dA[{layer - 1}], linear backwards",
            bp.linear_backward,
            dZ,
            A[layer - 1],
            params[layer - 1].W,
        )
        grads.insert(0, (dW, db))
    _, whole = bp.gradients(net, params, X, Y)
    page.agree(f"shapecheck_bp.{page.convention}.gradients", whole, grads)

    page.part(f"The first {SHOWN} students by the text's own sums over indices")
    some = [np.take(array, range(SHOWN), axis=axis) for array in (X, Y)]
    _, ours = bp.gradients(net, params, *some)
    page.agree("every dW and db", ours, few)
