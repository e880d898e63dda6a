"""Both conventions on one problem: the shapes, the training, and the gradients through ``flip``.

>>> import numpy as np
>>> from shapecheck_bp import Network, column
>>> net, X = Network((4, 3, 2), hidden="tanh"), np.ones((4, 5))
>>> Y = column.one_hot(np.array([0, 1, 1, 0, 1]), classes=2)
>>> differences = gradient_differences(net, column.init(net), X, Y)
>>> [(one.layer, one.quantity) for one in differences]
[(1, 'dW'), (1, 'db'), (2, 'dW'), (2, 'db')]
>>> all(one.agrees for one in differences)
True
"""

from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple, get_type_hints

import numpy as np

from shapecheck_bp import column, row
from shapecheck_bp.data import Split, digits
from shapecheck_bp.network import Network
from shapecheck_bp.proof import Proof, prove
from shapecheck_bp.proof.floating import Difference, differences
from shapecheck_bp.shapes import ShapeError
from shapecheck_bp.shapes.arrays import shape_text
from shapecheck_bp.shapes.leaves import leaves_of
from shapecheck_bp.tracing.naming import symbol_of
from shapecheck_bp.training import fit
from shapecheck_bp.transpose import flip

CONVENTIONS: dict[str, ModuleType] = {"column": column, "row": row}


class Shape(NamedTuple):
    """One array's axes and sizes in both conventions."""

    name: str
    column_axes: str
    column_shape: tuple[int, ...]
    row_axes: str
    row_shape: tuple[int, ...]


class Outcome(NamedTuple):
    """One convention's training run."""

    convention: str
    costs: tuple[float, ...]
    accuracy: float


@dataclass(frozen=True)
class Comparison:
    """Everything the main job finds out."""

    net: Network
    settings: dict[str, Any]
    examples: tuple[int, int]
    shapes: list[Shape]
    outcomes: list[Outcome]
    same_predictions: bool
    at_start: list[Difference]
    after_training: list[Difference]
    proof: Proof
    shape_error: ShapeError

    @property
    def agree(self) -> bool:
        """Whether gradients and predictions are the same in both conventions, and provably so."""
        close = all(one.agrees for one in (*self.at_start, *self.after_training))
        return self.same_predictions and close and bool(self.proof)

    def to_dict(self) -> dict[str, Any]:
        """The same facts as plain values, ready for JSON."""
        error = self.shape_error
        return {
            "network": {
                "sizes": list(self.net.sizes),
                "hidden": self.net.hidden,
                "output": self.net.output,
                "loss": self.net.loss,
            },
            "settings": self.settings,
            "examples": {"train": self.examples[0], "held_out": self.examples[1]},
            "shapes": [one._asdict() for one in self.shapes],
            "training": [one._asdict() for one in self.outcomes],
            "same_predictions": self.same_predictions,
            "gradients_at_start": [one._asdict() for one in self.at_start],
            "gradients_after_training": [one._asdict() for one in self.after_training],
            "proof": self.proof.to_dict(),
            "shape_error": {"message": str(error), **vars(error)},
            "agree": self.agree,
        }


def compare_on_digits(
    *, epochs: int = 30, batch_size: int = 32, learning_rate: float = 0.3, seed: int = 0
) -> Comparison:
    """The main job: a 64-32-10 network on the digits, in both conventions from one start.

    Raises:
        ValueError: a setting out of range, as ``fit`` has it.
    """
    net = Network(sizes=(64, 32, 10))
    settings: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    starts, trained, outcomes, predictions = {}, {}, [], []
    data: dict[str, Split] = {name: digits(name) for name in CONVENTIONS}
    for name, bp in CONVENTIONS.items():
        train, held_out = data[name]
        starts[name] = bp.init(net, seed=seed)
        trained[name], costs = fit(bp, net, starts[name], train.X, train.Y, **settings)
        predictions.append(bp.predict(net, trained[name], held_out.X))
        right = np.mean(predictions[-1] == held_out.labels)
        outcomes.append(Outcome(name, costs, float(right)))
    X, Y, _ = data["column"].train
    return Comparison(
        net=net,
        settings=settings,
        examples=(X.shape[1], data["column"].held_out.X.shape[1]),
        shapes=shapes_side_by_side(net, starts["column"], X, Y),
        outcomes=outcomes,
        same_predictions=bool(np.all(predictions[0] == predictions[1])),
        at_start=gradient_differences(net, starts["column"], X, Y),
        after_training=gradient_differences(net, trained["column"], X, Y),
        proof=prove(net, X, Y, column=column, row=row, short=True),
        shape_error=_refused(net, starts["column"], X.T, Y),
    )


def gradient_differences(net: Network, params: Any, X: Any, Y: Any) -> list[Difference]:
    """Compare ``row.gradients(*flip(args))`` with ``flip(column.gradients(*args))``.

    The arguments are NumPy arrays that lie as ``column`` has them.

    Raises:
        ShapeError: arguments that do not fit.
    """
    return differences(column, row, net, params, X, Y)


def shapes_side_by_side(net: Network, params: Any, X: Any, Y: Any) -> list[Shape]:
    """Every array of one gradient step, its axes as annotated and its sizes as they came."""
    here = _shapes(column, net, params, X, Y)
    there = _shapes(row, net, *flip((params, X, Y)))
    return [Shape(name, *here[name], *there[name]) for name in sorted(here, key=_reading_order)]


def _reading_order(name: str) -> tuple[int, int, int]:
    """X, then W, b, Z, A layer by layer, then Y, then the gradients layer by layer."""
    symbol = name.rstrip("0123456789")
    part = {"X": 0, "Y": 2, "dW": 3, "db": 3}.get(symbol, 1)
    return part, int(name[len(symbol) :] or 0), "XWbZAY".index(symbol[-1])


def _shapes(
    bp: ModuleType, net: Network, params: Any, X: Any, Y: Any
) -> dict[str, tuple[str, tuple[int, ...]]]:
    cache = bp.forward(net, params, X)
    values = {"net": net, "params": params, "cache": cache, "Y": Y}
    values["return"] = bp.backward(*values.values())
    leaves = leaves_of(get_type_hints(bp.backward, include_extras=True), values)
    return {
        _short(leaf.path): (shape_text(leaf.axes), leaf.value.shape)
        for leaf in leaves
        if isinstance(leaf.value, np.ndarray)
    }


def _short(path: str) -> str:
    """The field's name for a place in a call: ``params[0].W`` is W1, ``cache.A[0]`` is X."""
    symbol, layer = symbol_of(path)
    return "X" if (symbol, layer) == ("A", 0) else f"{symbol}{'' if layer is None else layer}"


def _refused(net: Network, params: Any, X: Any, Y: Any) -> ShapeError:
    """The error that arguments which do not fit are refused with."""
    try:
        column.gradients(net, params, X, Y)
    except ShapeError as error:
        return error
    raise AssertionError("column.gradients took an X that does not fit")
