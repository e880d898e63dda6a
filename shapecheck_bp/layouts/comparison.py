"""The check at the end: the same X through the source and through what was made of it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from shapecheck_bp.layouts.files import Opened, opened
from shapecheck_bp.layouts.formats import keras, onnx
from shapecheck_bp.layouts.functions import IDENTITY, forward

Model: TypeAlias = str | os.PathLike[str] | Callable[[Any], Any]
RUNNERS: dict[str, Callable[..., tuple[Any, str]]] = {".keras": keras.run, ".onnx": onnx.run}
HERE = "our own forward pass"


class Comparison(NamedTuple):
    """How far apart two networks are on the same X."""

    difference: float
    """The largest, over all outputs of all examples."""
    allowed: float
    """What rounding may do, of outputs as large as these."""
    by: tuple[str, str]
    """What ran the source, and what the target."""

    @property
    def ok(self) -> bool:
        """Whether they differ by no more than rounding does."""
        return self.difference <= self.allowed

    def __str__(self) -> str:
        told = "the same but for rounding" if self.ok else f"rounding allows {self.allowed:.1g}"
        by = f"the source by {self.by[0]}, the target by {self.by[1]}"
        return f"largest difference {self.difference:.2g}, {told}; {by}"


def compare(source: Model, target: Model, X: Any) -> Comparison:
    """Run two networks on the same X: each by its own library, else by our own forward pass.

    Args:
        source: a file, or a function from X to outputs, as a PyTorch model is with two casts.
        target: the same of what was made from it.
        X: an example a row. It is turned into the float type that each file has.

    Raises:
        ValueError: outputs of different shapes, or a file that does not say what to compute.

    >>> import numpy as np
    >>> X = np.array([[1.0, 2.0]])
    >>> print(compare(lambda X: 2 * X, lambda X: X + X, X).difference)
    0.0
    """
    X = np.asarray(X)
    if X.ndim < 2 or not len(X):
        raise ValueError(f"X: expected an example a row; got {X.shape}")
    (one, by_one), (other, by_other) = _outputs(source, X), _outputs(target, X)
    if one.shape != other.shape:
        raise ValueError(f"target: expected outputs {one.shape}, as source has; got {other.shape}")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise ValueError("X: expected finite outputs; pass smaller numbers")
    eps = max(np.finfo(A.dtype).eps for A in (one, other))
    largest = max(float(np.abs(A).max()) for A in (one, other))
    difference = float(np.abs(one.astype("float64") - other.astype("float64")).max())
    return Comparison(difference, min(1000 * float(eps), 0.02) * largest, (by_one, by_other))


def check(
    source: str, found: Opened, target: str, layout: str, order: Any, activations: Any
) -> Comparison:
    """Compare a file, and what was found in it, with the file that was made of it.

    Where neither says its activations there are none between the layers, in both.
    """
    X = np.random.default_rng(0).normal(size=(64, found.sizes[0]))
    functions = activations or (IDENTITY,) * len(found.params)

    def here(X: Any) -> Any:
        return forward(found.params, functions, X.astype(found.params[0].W.dtype))

    def there(X: Any) -> Any:
        made = opened(target, layout, order)
        own = made.contents.activations or functions
        return forward(made.params, own, X.astype(made.params[0].W.dtype))

    runs = [Path(one).suffix in RUNNERS for one in (source, target)]
    return compare(source if runs[0] else here, target if runs[1] else there, X)


def _outputs(model: Model, X: Any) -> tuple[Any, str]:
    """What a network makes of X, an example a row, and what ran it."""
    if callable(model):
        A, by = np.asarray(model(X)), HERE if model.__module__ == __name__ else "a function"
    else:
        A, by = _run(Path(model), X)
    if A.dtype.kind != "f":
        raise ValueError(f"{by}: expected outputs that are floats; got {A.dtype}")
    return A.reshape(len(X), -1), by


def _run(file: Path, X: Any) -> tuple[Any, str]:
    found = opened(file)
    X = X.astype(found.params[0].W.dtype)
    if file.suffix in RUNNERS:
        try:
            return RUNNERS[file.suffix](file.read_bytes(), X, file.parent)
        except Exception as error:  # it is missing, or cannot read the file, as Keras 3 an old one
            why = f"{HERE}, for {type(error).__name__}"
    else:
        why = HERE
    activations, effects = found.contents.activations, found.contents.said
    if activations is None or effects:
        told = "; ".join(effects) or "it does not say its activations"
        raise ValueError(f"{file}: {HERE} cannot run it: {told}; pass a function of X in its place")
    return forward(found.params, activations, X), why
