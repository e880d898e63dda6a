"""The check at the end: the same X through the source and through what was made of it."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from shapecheck_bp.layouts.files import FORMATS, inspect
from shapecheck_bp.layouts.functions import Forward

OURS = "our own forward pass"
Model: TypeAlias = str | os.PathLike[str] | Callable[[Any], Any]


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
        source: a file, an ``nn.Module`` of PyTorch, or a function from X to outputs.
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
    (one, by_one), (other, by_other) = (_outputs(model, X) for model in (source, target))
    if one.shape != other.shape:
        raise ValueError(f"target: expected outputs {one.shape}, as source has; got {other.shape}")
    # An activation's number is float32 in files, whatever the weights are.
    eps = max(1e-9, *(float(np.finfo(A.dtype).eps) for A in (one, other)))
    largest = max(float(np.abs(A).max()) for A in (one, other))
    difference = float(np.abs(one.astype("float64") - other.astype("float64")).max())
    return Comparison(difference, min(1000 * eps, 0.02) * largest, (by_one, by_other))


def _outputs(model: Any, X: Any) -> tuple[Any, str]:
    """The outputs for X, an example a row, and what gave them."""
    if not callable(model):
        A, by = _run(Path(model), X)
    elif hasattr(model, "state_dict"):
        torch: Any = sys.modules["torch"]
        one = next(model.parameters(), torch.zeros(0))
        A = model(torch.as_tensor(X, dtype=one.dtype, device=one.device)).detach().cpu().numpy()
        by = "PyTorch"
    else:
        A, by = np.asarray(model(X)), OURS if isinstance(model, Forward) else "a function"
    if A.dtype.kind != "f" or not np.isfinite(A).all():
        raise ValueError(f"X: expected finite outputs, which are floats; {by} gave {A.dtype}")
    return A.reshape(len(X), -1), by


def _run(file: Path, X: Any) -> Any:
    """The outputs of a file, by its own library if that can be had, else by us; and by which."""
    found, why = inspect(file), OURS
    params = found.params()
    if FORMATS[file.suffix].run:
        try:
            return FORMATS[file.suffix].run(file, X.astype(params[0].W.dtype))
        except Exception as error:  # it is missing, or cannot read the file, as Keras 3 an old one
            why += f", for {type(error).__name__}"
    if found.activations is None or any(found.said.values()):
        told = "; ".join(found.said) or "it does not say its activations"
        raise ValueError(f"{file}: {why} cannot run it: {told}; pass a function of X in its place")
    return Forward(params, found.activations)(X), why
