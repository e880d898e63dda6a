"""Both conventions on the digits: the shapes, the training, and the gradients through ``flip``.

>>> net, X = Network((4, 3, 2), hidden="tanh"), np.ones((4, 5))
>>> Y = column.one_hot(np.array([0, 1, 1, 0, 1]), classes=2)
>>> shapes_side_by_side(net, column.init(net), X, Y)[1]
Shape(name='W1', column_axes='(n_1, n_0)', column_shape=(3, 4), row_axes='(n_0, n_1)', ...(4, 3))
"""

from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple, get_type_hints

import numpy as np

from shapecheck_bp import column, row
from shapecheck_bp.data import digits
from shapecheck_bp.network import Network
from shapecheck_bp.proof import Proof, prove
from shapecheck_bp.proof.floating import Difference, differences
from shapecheck_bp.shapes import ShapeError
from shapecheck_bp.shapes.arrays import shape_text
from shapecheck_bp.shapes.leaves import leaves_of
from shapecheck_bp.tracing.naming import symbol_of
from shapecheck_bp.training import fit
from shapecheck_bp.transpose import flip


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
    """What the main job finds out."""

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
        every_difference = (*self.at_start, *self.after_training)
        close = all(difference.agrees for difference in every_difference)
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
            "shapes": _plain(self.shapes),
            "training": _plain(self.outcomes),
            "same_predictions": self.same_predictions,
            "gradients_at_start": _plain(self.at_start),
            "gradients_after_training": _plain(self.after_training),
            "proof": self.proof.to_dict(),
            "shape_error": {"message": str(error), **vars(error)},
            "agree": self.agree,
        }


def compare_on_digits(*, epochs: int = 30, seed: int = 0) -> Comparison:
    """The main job: a 64-32-10 network on the digits, in both conventions from one start.

    Raises:
        ValueError: a setting out of range, as ``fit`` has it.
    """
    net = Network(sizes=(64, 32, 10))
    settings: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": 32,
        "learning_rate": 0.3,
        "seed": seed,
    }
    train, held_out = digits("column")
    train_row, held_out_row = digits("row")
    start, start_row = column.init(net, seed=seed), row.init(net, seed=seed)
    trained, costs = fit(column, net, start, train.X, train.Y, **settings)
    trained_row, costs_row = fit(row, net, start_row, train_row.X, train_row.Y, **settings)
    labels = column.predict(net, trained, held_out.X)
    labels_row = row.predict(net, trained_row, held_out_row.X)
    return Comparison(
        net=net,
        settings=settings,
        examples=(len(train.labels), len(held_out.labels)),
        shapes=shapes_side_by_side(net, start, train.X, train.Y),
        outcomes=[
            Outcome("column", costs, float(np.mean(labels == held_out.labels))),
            Outcome("row", costs_row, float(np.mean(labels_row == held_out_row.labels))),
        ],
        same_predictions=bool(np.all(labels == labels_row)),
        at_start=differences(column, row, net, start, train.X, train.Y),
        after_training=differences(column, row, net, trained, train.X, train.Y),
        proof=prove(net, train.X, train.Y, column=column, row=row, short=True),
        shape_error=_refused(net, start, train.X.T, train.Y),
    )


def _plain(records: Iterable[Any]) -> list[dict[str, Any]]:
    """NamedTuples as dicts."""
    return [record._asdict() for record in records]


def shapes_side_by_side(net: Network, params: Any, X: Any, Y: Any) -> list[Shape]:
    """Every array of one gradient step, its axes as annotated and its sizes as they came."""
    in_column = _shapes(column, net, params, X, Y)
    in_row = _shapes(row, net, *flip((params, X, Y)))
    names = sorted(in_column, key=_reading_order)
    return [Shape(name, *in_column[name], *in_row[name]) for name in names]


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
    if layer is None:
        return symbol
    return "X" if (symbol, layer) == ("A", 0) else f"{symbol}{layer}"


def _refused(net: Network, params: Any, X: Any, Y: Any) -> ShapeError:
    """The error that arguments which do not fit are refused with."""
    try:
        column.gradients(net, params, X, Y)
    except ShapeError as error:
        return error
    raise AssertionError("column.gradients took an X that does not fit")
