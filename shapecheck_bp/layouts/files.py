"""Weights in files: safetensors, .npz, .keras and .onnx, read and written by their own libraries.

Nothing is ever unpickled. What ``save`` writes says which layout it is in, with a sum over all its
bytes, and ``load`` holds it to both.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.layouts import formats
from shapecheck_bp.layouts.carry import (
    Detection,
    Parameters,
    detect,
    following,
    from_column,
    from_row,
    to_column,
    to_row,
)
from shapecheck_bp.layouts.containers import by_name, in_order, layers_of
from shapecheck_bp.layouts.containers import like as named_like
from shapecheck_bp.layouts.formats import Contents
from shapecheck_bp.layouts.table import layout as line_of
from shapecheck_bp.network import Network

PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".joblib", ".ckpt", ".bin")
INSTEAD = (
    "it is a pickle, which runs code when it is read. Where you trust it, turn it into safetensors:"
    " safetensors.torch.save_file(torch.load({name!r}, weights_only=True), {new!r})"
)
TO = {"column": to_column, "row": to_row}
FROM = {"column": from_column, "row": from_row}


def read(path: str | os.PathLike[str]) -> Contents:
    """The weights in a file as they lie there, by name, and what the file says of itself.

    Raises:
        ValueError: no such file, a pickle, another kind of file, or one that is damaged.
    """
    file = Path(path)
    kind = _kind(file)
    try:
        contents = kind.read(file.read_bytes())
        layers_of(contents.weights)
    except ImportError as error:
        raise ImportError(
            f"{file}: reading it needs {error.name}: pip install 'shapecheck-bp[weights]'"
        ) from error
    except Exception as error:  # whatever a reader raises at a file that is not what it should be
        raise ValueError(f"{file}: cannot be read: {type(error).__name__}: {error}") from error
    if contents.sha256 not in (None, checksum(contents.weights, contents.layout)):
        raise ValueError(f"{file}: has been changed since it was saved: its checksum is another")
    return contents


def load(
    path: str | os.PathLike[str], layout: str | None = None, convention: str = "column"
) -> Parameters:
    """Parameters for ``column`` or ``row`` from a file.

    Args:
        path: a .safetensors, .npz, .keras or .onnx file.
        layout: a name in ``LAYOUTS``; not needed where the file says it: one that was saved here,
            and .keras and .onnx.
        convention: ``"column"`` or ``"row"``.

    Raises:
        ValueError: a file that cannot be read, that says it has another layout, or that does not
            say which.
        ShapeError: shapes that contradict the layout.
    """
    carry = _for(TO, convention)
    contents = read(path)
    known = contents.layout
    if layout is None and known is None:
        told = str(detect(contents.weights)).replace("\n", "; ")
        raise ValueError(f"{path}: does not say which layout it has; pass layout=. By shape {told}")
    if layout is not None and known is not None and line_of(layout).W != line_of(known).W:
        raise ValueError(f"{path}: says that its layout is {known!r}; got layout={layout!r}")
    params: Parameters = carry(contents.weights, known or layout)
    return params


def save(
    path: str | os.PathLike[str],
    params: Parameters,
    layout: str,
    convention: str = "column",
    *,
    like: str | os.PathLike[str] | None = None,
    net: Network | None = None,
) -> None:
    """Write parameters of ``column`` or ``row`` to a file, in a framework's layout.

    The file is there whole, or not at all.

    Args:
        path: a .safetensors, .npz, .keras or .onnx file.
        params: a (W, b) for each layer.
        layout: a name in ``LAYOUTS``; for .keras and .onnx theirs.
        convention: ``"column"`` or ``"row"``, in which ``params`` lie.
        like: a file of that framework's, whose names and everything else to keep.
        net: the activations, which .keras and .onnx hold too; not needed with ``like``.

    Raises:
        ValueError: a layout that the file cannot have, or no ``net`` where it takes one.
        ShapeError: parameters that do not follow one another.
    """
    file = Path(path)
    kind, line = _kind(file), line_of(layout)
    if kind.LAYOUTS is not None and layout not in kind.LAYOUTS:
        names = " or ".join(map(repr, kind.LAYOUTS))
        raise ValueError(f"{file}: expected layout {names} in such a file; got {layout!r}")
    carry = _for(FROM, convention)
    before = None if like is None else read(like)
    if before is not None and before.layout in (kind.LAYOUTS or ()):
        line, layout = line_of(str(before.layout)), str(before.layout)
    arrays = [(_own(one.W), _own(one.b)) for one in layers_of(carry(params, layout))]
    if like is None or before is None:
        data = kind.write(by_name(arrays, line), layout, net)
    else:
        template = following(layers_of(before.weights), line, layout)
        shapes = [(one.W.shape, one.b.shape) for one in template]
        if shapes != [(W.shape, b.shape) for W, b in arrays] or Path(like).suffix != file.suffix:
            raise ValueError(
                f"like: expected a {file.suffix} file of the same shapes; {like} has {shapes}"
            )
        weights = named_like(arrays, [one.names for one in template])
        data = kind.replace(Path(like).read_bytes(), weights)
    if before is None or before.sha256 is not None:
        made = kind.read(data)
        layout = made.layout or layout
        said = {"layout": layout, "sha256": checksum(made.weights, layout)}
        data = kind.mark(data, json.dumps(said))
    _write(file, data)


def checksum(weights: Mapping[str, Any], layout: str | None) -> str:
    """A sum over the layout, names, shapes, dtypes and all bytes."""
    found = hashlib.sha256(f"{layout} ".encode())
    for name in sorted(weights):
        array = _own(weights[name])
        found.update(f"{name} {array.shape} {array.dtype.str} ".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def _own(array: Any) -> Any:
    """NumPy's own contiguous array with the same bytes."""
    return np.ascontiguousarray(array.detach() if hasattr(array, "detach") else array)


def _kind(file: Path) -> formats.Format:
    if file.suffix in PICKLES:
        new = str(file.with_suffix(".safetensors"))
        raise ValueError(f"{file}: {INSTEAD.format(name=str(file), new=new)}")
    if file.suffix not in formats.FORMATS:
        known = ", ".join(formats.FORMATS)
        raise ValueError(f"{file}: expected one of {known}; got {file.suffix or 'no ending'!r}")
    return formats.FORMATS[file.suffix]


def _for(table: Mapping[str, Callable[..., Any]], convention: str) -> Callable[..., Any]:
    if convention not in table:
        raise ValueError(f"convention: expected 'column' or 'row'; got {convention!r}")
    return table[convention]


def _write(file: Path, data: bytes) -> None:
    """All of it, or nothing: written beside the file, and then put in its place."""
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as beside:
        try:
            beside.write(data)
            beside.flush()
            os.fsync(beside.fileno())
            beside.close()
            os.replace(beside.name, file)
        except BaseException:
            os.unlink(beside.name)
            raise


class Inspected(NamedTuple):
    """What is in a file: each layer's names and shapes, and the layouts that they allow."""

    path: str
    layout: str | None
    """What the file itself says."""
    layers: list[dict[str, Any]]
    fits: Detection

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {**self._asdict(), "fits": self.fits._asdict()}

    def rows(self) -> list[list[str]]:
        """Each array: its name, its shape, and what its axes are in every way that they can lie."""
        ways = list(self.fits.sizes)
        found = []
        for layer in self.layers:
            W, b = layer["W"], layer["b"]
            axes = [f"({', '.join(way.split())})" for way in ways]
            found.append([W["name"], str(W["shape"]), W["dtype"], " or ".join(axes) or "?"])
            found.append(
                [
                    b["name"],
                    str(b["shape"]),
                    b["dtype"],
                    "(n_out,)" if len(b["shape"]) == 1 else "n_out and 1",
                ]
            )
        return found


def inspect(path: str | os.PathLike[str]) -> Inspected:
    """Look into a file without taking it for any layout.

    Raises:
        ValueError: a file that cannot be read.
    """
    contents = read(path)
    ordered = in_order(
        layers_of(contents.weights), lambda some: bool(detect([one[:2] for one in some]).layouts)
    )
    layers = [
        {
            part: {"name": name, "shape": tuple(array.shape), "dtype": str(array.dtype)}
            for part, name, array in zip("Wb", one.names, one[:2], strict=True)
        }
        for one in ordered
    ]
    return Inspected(str(path), contents.layout, layers, detect([one[:2] for one in ordered]))
