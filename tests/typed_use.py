"""What type checkers tell somebody who uses the library; ``test_types.py`` gives them this file.

It is not run. A line that is wrong on purpose has an ignore, and an ignore that is not needed is an
error: so each says that the mistake is found.
"""

from contextlib import AbstractContextManager
from typing import Any, assert_type

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from shapecheck_bp import (
    Cache,
    Diagnosis,
    Gradient,
    Layer,
    Network,
    Proof,
    ShapeError,
    Trace,
    blind_spots,
    column,
    diagnose,
    dimension_check,
    draw,
    enforce,
    equations,
    fit,
    flip,
    layouts,
    prove,
    row,
    shapechecked,
    trace,
    verify,
)
from shapecheck_bp.data import Examples, Split, digits
from shapecheck_bp.doctor import Finding
from shapecheck_bp.proof.equations import Equations
from shapecheck_bp.shapes.verifying import Verified
from shapecheck_bp.tracing import Beside, Call
from shapecheck_bp.training import Run

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]

net = Network((3, 4, 2), hidden="tanh")
X: Matrix = np.ones((3, 5))
Y: Matrix = np.ones((2, 5))


# A checked function is what it was.


@shapechecked
def scaled(
    X: Float[np.ndarray, "n m"], by: float, *, twice: bool = False
) -> Float[np.ndarray, "n m"]:
    """Y = by * X."""
    return X * by * (2 if twice else 1)


assert_type(scaled(X, 2.0, twice=True), np.ndarray)
scaled(X)  # type: ignore[call-arg]
scaled(X, "2")  # type: ignore[arg-type]
scaled(X, 2.0, True)  # type: ignore[call-arg]
scaled(X, 2.0, thrice=True)  # type: ignore[call-arg]


class Model:
    """Methods, properties and coroutines, too."""

    @shapechecked
    def label(self, x: Float[np.ndarray, " n"]) -> int:
        """Which."""
        return int(x.argmax())

    @property
    @shapechecked
    def W(self) -> Float[np.ndarray, "n m"]:
        """Weights."""
        return X

    @shapechecked
    async def later(self, x: Float[np.ndarray, " n"]) -> float:
        """When."""
        return float(x[0])


assert_type(Model().label(np.ones(3)), int)
assert_type(Model().W, np.ndarray)


async def waiting() -> None:
    assert_type(await Model().later(np.ones(3)), float)
    Model().later(np.ones(3), 1)  # type: ignore[call-arg, unused-coroutine]


# flip keeps the type.

assert_type(flip(X), Matrix)
assert_type(flip({"W": X}), dict[str, Matrix])
assert_type(flip((X, net.hidden)), tuple[Matrix, str])
assert_type(flip(Layer(X, Y)), Layer[Matrix, Matrix])
flip(X, X)  # type: ignore[call-arg]


# The records.

assert_type(net.sizes, tuple[int, ...])
assert_type(net.hidden, str)
assert_type(net.loss, str)
assert_type(net.L, int)
assert_type(net.activations, tuple[str, ...])
net.L = 3  # type: ignore[misc]
net.sizes = (3, 2)  # type: ignore[misc]
Network()  # type: ignore[call-arg]
Network(("3", "2"))  # type: ignore[arg-type]
Network((3, 2), activation="tanh")  # type: ignore[call-arg]

layer = Layer(W=X, b=Y)
assert_type(layer, Layer[Matrix, Matrix])
assert_type(layer.W, Matrix)
layer.dW  # type: ignore[attr-defined]
gradient = Gradient(X, Y)
assert_type(gradient.db, Matrix)
gradient.W  # type: ignore[attr-defined]


# Both conventions, with the same types.

params = column.init(net, seed=0)
assert_type(params, tuple[Layer[Any, Any], ...])
assert_type(row.init(net), tuple[Layer[Any, Any], ...])
assert_type(column.forward(net, params, X), Cache[tuple[Any, ...], tuple[Any, ...]])
J, grads = column.gradients(net, params, X, Y)
assert_type(grads, tuple[Gradient[Any, Any], ...])
assert_type(row.gradients(net, params, X, Y)[1], tuple[Gradient[Any, Any], ...])
assert_type(column.update(params, grads, 0.1), tuple[Layer[Any, Any], ...])
assert_type(column.weights_backward(Y, X), Gradient[Any, Any])
column.gradients(net, params, X)  # type: ignore[call-arg]
column.gradients(params, net, X, Y)  # type: ignore[arg-type]
column.update(grads, params, 0.1)  # type: ignore[arg-type]
column.activation_forward(X, np.tanh)  # type: ignore[arg-type]
column.gradient(net, params, X, Y)  # type: ignore[attr-defined]

run = fit(column, net, params, X, Y, epochs=1, batch_size=2, learning_rate=0.1)
assert_type(run, Run)
assert_type(run.costs, tuple[float, ...])
assert_type(run.params, tuple[Layer[Any, Any], ...])
fit("column", net, params, X, Y, epochs=1, batch_size=2, learning_rate=0.1)  # type: ignore[arg-type]
fit(column, net, params, X, Y, epochs=1, batch_size=2)  # type: ignore[call-arg]


# What is said of a mistake.

try:
    scaled(X, 1.0)
except ShapeError as error:
    assert_type(error.function, str)
    assert_type(error.argument, str)
    assert_type(error.expected, str)
    assert_type(error.actual, str)
    assert_type(error.suggestion, str)
    assert_type(error.bindings, dict[str, Any])
    error.arguments  # type: ignore[attr-defined]

assert_type(blind_spots(scaled, X, 1.0), list[str])
assert_type(verify(scaled, by=1.0), Verified)
assert_type(dimension_check((2, 5), have={"X": X}), list[str])
with enforce(False) as off:
    assert_type(off, enforce)
enforce("off")  # type: ignore[arg-type]

found = diagnose(column.gradients, net, "column")
assert_type(found, Diagnosis)
assert_type(found.ok, bool | None)
assert_type(found.findings, list[Finding])
assert_type(found.findings[0].layer, int | None)
assert_type(found.findings[0].line, int)
diagnose(net, column.gradients)  # type: ignore[arg-type]


# What shows a run.

listening = trace()
context: AbstractContextManager[Trace] = listening
with trace() as here:
    assert_type(here, Trace)
assert_type(here.calls, list[Call])
assert_type(here.beside(here), Beside)
assert_type(here.to_dict(), dict[str, Any])
trace(column)  # type: ignore[call-arg]

proof = prove(net, short=True)
assert_type(proof, Proof)
assert_type(bool(proof), bool)
assert_type(equations(column, net), Equations)
assert_type(equations(column, net)["dW[2]"].text, str)
assert_type(equations(column, net)[:2], Equations)
draw.values(X=X).save("x.png")


# Weights and data.

assert_type(layouts.to_row({"0.weight": X}, "torch"), tuple[Layer[Any, Any], ...])
assert_type(layouts.load("mlp.npz"), tuple[Layer[Any, Any], ...])
assert_type(layouts.detect([X]).sizes, dict[str, tuple[int, ...]])
layouts.to_row({"0.weight": X})  # type: ignore[call-arg]

assert_type(digits("row"), Split)
train, held_out = digits()
assert_type(train, Examples)
assert_type(train.X, NDArray[np.floating[Any]])
assert_type(held_out.labels, NDArray[np.int64])
