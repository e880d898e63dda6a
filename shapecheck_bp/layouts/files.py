"""Weights in files: safetensors, .npz, .keras and .onnx, read and written by their own libraries.

Nothing is ever unpickled. What ``save`` writes says which layout it is in, with a sum over all its
bytes, and ``load`` holds it to both.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from shapecheck_bp.data.settings import check_convention
from shapecheck_bp.layouts import formats
from shapecheck_bp.layouts.carry import (
    Parameters,
    carried,
    detected,
    following,
    from_column,
    from_row,
)
from shapecheck_bp.layouts.containers import Named, by_name, layers_of
from shapecheck_bp.layouts.formats import Contents
from shapecheck_bp.layouts.table import IN_OUT, Layout
from shapecheck_bp.layouts.table import layout as line_of
from shapecheck_bp.network import Network
from shapecheck_bp.shapes.arrays import as_numpy
from shapecheck_bp.transpose import flip

PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".joblib", ".ckpt", ".bin")
INSTEAD = (
    "it is a pickle, which runs code when it is read. Where you trust it, turn it into safetensors:"
    " safetensors.torch.save_file(torch.load({name!r}, weights_only=True), {new!r})"
)


def read(path: str | os.PathLike[str]) -> Contents:
    """The weights in a file as they lie there, by name, and what the file says of itself.

    Raises:
        ValueError: no such file, a pickle, another kind of file, or one that is damaged.
    """
    file = _path(path)
    kind = _kind(file)
    try:
        contents = kind.read(file.read_bytes())
        for one in contents.layers:
            _floats(one)
    except FileNotFoundError:
        raise ValueError(f"{file}: no such file") from None
    except ImportError as error:
        raise ImportError(
            f"{file}: reading it needs {error.name}: pip install 'shapecheck-bp[weights]'"
        ) from error
    except Exception as error:  # whatever a reader raises at a file that is not what it should be
        raise ValueError(f"{file}: cannot be read: {type(error).__name__}: {error}") from error
    if contents.sha256 not in (None, checksum(contents.layers, contents.layout)):
        raise ValueError(f"{file}: has been changed since it was saved: its checksum is another")
    return contents


def load(
    path: str | os.PathLike[str],
    layout: str | None = None,
    convention: str = "column",
    order: Sequence[str] | None = None,
) -> Parameters:
    """Parameters for ``column`` or ``row`` from a file.

    Args:
        path: a .safetensors, .npz, .keras or .onnx file.
        layout: a name in ``LAYOUTS``; not needed where the file says it: one that was saved here,
            and .keras and .onnx.
        convention: ``"column"`` or ``"row"``.
        order: the layers' names one after the other, needed where several orders fit.

    Raises:
        ValueError: a file that cannot be read, that says it has another layout, or that does not
            say which; layers of which several orders fit.
        ShapeError: shapes that contradict the layout.
    """
    check_convention(convention)
    contents = read(path)
    known = contents.layout
    if layout is None and known is None:
        told = str(detected(contents.layers)).replace("\n", "; ")
        raise ValueError(f"{path}: does not say which layout it has; pass layout=. By shape {told}")
    same = layout is None or known is None or layout.removesuffix("_transB_0") == known
    if not (same or line_of(str(layout)).W == line_of(str(known)).W):
        raise ValueError(f"{path}: says that its layout is {known!r}; got layout={layout!r}")
    name = str(known or layout)
    line = line_of(name)
    layers = following(contents.layers, line, name, order=order, known=contents.in_order)
    params = carried(layers, line)
    return params if convention == "column" else flip(params)


def save(
    path: str | os.PathLike[str],
    params: Parameters,
    layout: str,
    convention: str = "column",
    *,
    like: str | os.PathLike[str] | None = None,
    net: Network | None = None,
    order: Sequence[str] | None = None,
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
        order: the names of the layers in ``like``, where several orders fit.

    Raises:
        ValueError: a layout that the file cannot have, or no ``net`` where it takes one.
        ShapeError: parameters that do not follow one another.
    """
    file = _path(path)
    kind, line = _kind(file), line_of(layout)
    if kind.LAYOUTS is not None and layout not in kind.LAYOUTS:
        names = " or ".join(map(repr, kind.LAYOUTS))
        raise ValueError(f"{file}: expected layout {names} in such a file; got {layout!r}")
    check_convention(convention)
    before = None if like is None else read(like)
    if before is not None and before.layout is not None:
        if line_of(before.layout).W != line.W and layout not in (kind.LAYOUTS or ()):
            raise ValueError(
                f"like: expected a file in the layout {layout!r}; got {before.layout!r}"
            )
        line, layout = line_of(before.layout), before.layout
    carry = from_column if convention == "column" else from_row
    arrays = [(_own(one.W), _own(one.b)) for one in layers_of(carry(params, layout))]
    for pair in arrays:
        _floats(Named(*pair, ("params", "params")))
    if before is None:
        data = kind.write(by_name(arrays, line), layout, net)
    else:
        template = following(before.layers, line, layout, order=order, known=before.in_order)
        weights = _like(template, arrays, like, file)
        data = kind.replace(Path(str(like)).read_bytes(), weights)
    made = kind.read(data)
    if before is None or before.sha256 is not None:
        layout = made.layout or layout
        said = {"layout": layout, "sha256": checksum(made.layers, layout)}
        data = kind.mark(data, json.dumps(said))
    if sorted(_bits(one) for one in made.layers) != sorted(
        _bits(Named(_as_read(W, line, made), b, ("", ""))) for W, b in arrays
    ):
        kinds = ", ".join(sorted({str(one.dtype) for pair in arrays for one in pair}))
        raise ValueError(f"{file}: cannot hold {kinds} as it is; cast it first")
    _write(file, data)


def checksum(layers: Sequence[Named], layout: str | None) -> str:
    """A sum over the layout, names, shapes, dtypes and all bytes."""
    found = hashlib.sha256(f"{layout} ".encode())
    pairs = [pair for one in layers for pair in zip(one.names, one[:2], strict=True)]
    for name, array in sorted(pairs, key=lambda pair: pair[0]):
        own = _own(array)
        found.update(f"{name} {own.shape} {own.dtype.str} ".encode())
        found.update(own.tobytes())
    return found.hexdigest()


def _like(
    template: Sequence[Named], arrays: Sequence[tuple[Any, Any]], like: Any, file: Path
) -> dict[str, Any]:
    """The arrays by the template's names, if they are what it has."""
    wanted = [[(one.shape, str(one.dtype)) for one in layer[:2]] for layer in template]
    given = [[(one.shape, str(one.dtype)) for one in pair] for pair in arrays]
    if wanted != given or Path(str(like)).suffix != file.suffix:
        raise ValueError(
            f"like: expected a {file.suffix} file of the same shapes and types, {given}; {like} has"
            f" {wanted}"
        )
    return {
        name: array
        for one, pair in zip(template, arrays, strict=True)
        for name, array in zip(one.names, pair, strict=True)
    }


def _as_read(W: Any, line: Layout, made: Contents) -> Any:
    """W as the file's reader gives it: ONNX's always as for transB = 1."""
    return W.T if made.layout == "onnx" and line.W == IN_OUT else W


def _bits(one: Named) -> list[tuple[Any, ...]]:
    return [(own.shape, own.dtype.str, own.tobytes()) for own in map(_own, one[:2])]


def _floats(one: Named) -> None:
    for name, array in zip(one.names, one[:2], strict=True):
        if array.dtype.kind != "f":
            raise ValueError(f"{name}: expected floats that NumPy knows; got {array.dtype}")


def _own(array: Any) -> Any:
    """NumPy's own contiguous array with the same bytes."""
    try:
        return np.ascontiguousarray(as_numpy(array))
    except TypeError as error:
        raise ValueError(f"params: expected floats that NumPy knows; {error}") from None


def _path(path: Any) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path: expected a file's name; got {type(path).__name__}")
    return Path(path)


def _kind(file: Path) -> formats.Format:
    if file.suffix in PICKLES:
        new = str(file.with_suffix(".safetensors"))
        raise ValueError(f"{file}: {INSTEAD.format(name=str(file), new=new)}")
    if file.suffix not in formats.FORMATS:
        known = ", ".join(formats.FORMATS)
        raise ValueError(f"{file}: expected one of {known}; got {file.suffix or 'no ending'!r}")
    return formats.FORMATS[file.suffix]


def _write(file: Path, data: bytes) -> None:
    """All of it, or nothing: written beside the file, and then put in its place."""
    target = file.resolve()  # what a link points to is written, and the link stays
    if not target.parent.is_dir():
        raise ValueError(f"{file}: its folder does not exist")
    beside = target.parent / f".{uuid4().hex}"
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as new:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
        if target.exists():
            beside.chmod(target.stat().st_mode)
        os.replace(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
