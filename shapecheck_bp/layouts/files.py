"""Parameters in files: safetensors, .npz, .keras and .onnx, each by its own library.

What ``save`` writes says which layout it is in, with a sum over all its bytes, and ``load`` holds
it to both.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4
from warnings import warn

import numpy as np

from shapecheck_bp.data.settings import check_convention
from shapecheck_bp.layouts.carry import Parameters, by_names_of, from_column, from_row, sizes_of
from shapecheck_bp.layouts.containers import by_name, layers_of
from shapecheck_bp.layouts.formats import kind_of, way_here
from shapecheck_bp.layouts.functions import Activation, activations_of, number
from shapecheck_bp.layouts.inspection import Inspected
from shapecheck_bp.layouts.table import expected
from shapecheck_bp.layouts.table import layout as line_of
from shapecheck_bp.network import Layer, Network
from shapecheck_bp.shapes.arrays import as_numpy
from shapecheck_bp.transpose import flip


def inspect(path: str | os.PathLike[str], only: str | Sequence[str] | None = None) -> Inspected:
    """What is in a file, before it is taken for any layout.

    Args:
        path: a .safetensors, .npz, .keras or .onnx file.
        only: what names begin with, or a list of that, of a file with more than one network in it.

    Raises:
        ValueError: no such file, a pickle, another kind of file, or one that is damaged.
    """
    file = Path(path)
    kind, data = kind_of(file), bytes_in(file)
    if only is not None and kind.LAYOUTS is not None:
        raise ValueError(f"only: {file} holds one network, which is read whole; got {only!r}")
    try:
        found: Inspected = kind.read(data, file.parent, only)
        if not found.layers:
            raise ValueError("expected fully connected layers; there is none")
        arrays = {name: _float(name, a) for one in found.layers for name, a in one.arrays()}
    except ImportError as error:
        raise _missing(file, error) from error
    except Exception as error:  # whatever a reader raises at a file that is not what it should be
        words = " ".join(str(error).split())[:500]
        told = words if isinstance(error, ValueError) else f"{type(error).__name__}: {words}"
        raise ValueError(f"{file}: cannot be read: {way_here(file, data) or told}") from error
    if found.sha256 not in (None, checksum(arrays, found.layout, found.activations)):
        raise ValueError(f"{file}: has been changed since it was saved: its checksum is another")
    return found._replace(path=str(file))


def load(
    path: str | os.PathLike[str],
    layout: str | None = None,
    convention: str = "column",
    order: Sequence[str] | None = None,
    only: str | Sequence[str] | None = None,
) -> Parameters:
    """Parameters for ``column`` or ``row`` from a file.

    It warns where the file does more to X than W, b and activations do, such as to scale it.

    Args:
        path: a .safetensors, .npz, .keras or .onnx file.
        layout: a name in ``LAYOUTS``; not needed where the file says it: one that was saved here,
            and .keras and .onnx.
        convention: ``"column"`` or ``"row"``.
        order: the layers' names, or how they begin, one after the other; needed where several
            orders fit.
        only: what names begin with, or a list of that, of a file with more than one network in it.

    Raises:
        ValueError: a file that cannot be read, that says it has another layout, or that does not
            say which; layers of which several orders fit.
        ShapeError: shapes that contradict the layout.
    """
    check_convention(convention)
    found = inspect(path, only)
    params = found.params(layout, order)
    for effect, changes in found.said.items():
        if changes:
            warn(f"{path}: not carried: {effect}", stacklevel=2)
    return params if convention == "column" else flip(params)


def save(
    path: str | os.PathLike[str],
    params: Parameters,
    layout: str,
    convention: str = "column",
    *,
    like: str | os.PathLike[str] | None = None,
    net: Network | Sequence[Activation] | None = None,
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
        net: the activations: a Network, or those that ``inspect`` found in another file. .keras and
            .onnx need them, unless there is ``like``; .npz and .safetensors keep them if given.
        order: the names of the layers in ``like``, where several orders fit.

    Raises:
        ValueError: a layout that the file cannot have, no ``net`` where it takes one, or one that
            contradicts ``like``.
        ShapeError: parameters that do not follow one another.
    """
    file, line = Path(path), line_of(layout)
    kind = kind_of(file)
    if not hasattr(kind, "write"):
        raise ValueError(f"{file}: {kind.WRITER.format(name=str(file))}")
    if kind.LAYOUTS is not None and layout not in kind.LAYOUTS:
        raise expected(file, f"layout {' or '.join(map(repr, kind.LAYOUTS))}", repr(layout))
    check_convention(convention)
    carry = from_column if convention == "column" else from_row
    ours = tuple(Layer(_own(W), _own(b)) for W, b in carry(params, "column"))
    functions = None if net is None else _functions(net, ours)
    if like is None:
        if functions is None and kind.LAYOUTS is not None:
            raise expected("net", f"a Network, for a {file.suffix} file has activations", "none")
        model, folder, marked = b"", file.parent, True
        weights = by_name(_laid_out(ours, layout), line)
    else:
        found, model, folder = inspect(like), bytes_in(Path(like)), Path(like).parent
        layout, marked = found.known_as(layout), found.sha256 is not None
        weights = by_names_of(found.in_order(layout, order), _laid_out(ours, layout))
        types = {str(array.dtype) for one in found.layers for _, array in one.arrays()}
        if Path(like).suffix != file.suffix or types != {str(a.dtype) for a in weights.values()}:
            raise expected("like", f"a {file.suffix} file of {ours[0].W.dtype}", f"{like}, {types}")
        functions = functions or found.activations
    sum_of = checksum(weights, layout, functions)
    mark = json.dumps({"layout": layout, "activations": functions, "sha256": sum_of})
    try:
        data = kind.write(weights, layout, functions, mark if marked else None, model, folder)
        made = kind.read(data, folder)
    except ImportError as error:
        raise _missing(file, error) from error
    theirs, mine = (" then ".join(map(str, one or ())) for one in (made.activations, functions))
    if theirs and theirs != mine:
        raise ValueError(f"{like or file} has {theirs}, and what is to be written has {mine}")
    back = made.params(layout, order)
    if any(a.tobytes() != b.tobytes() for a, b in zip(sum(back, ()), sum(ours, ()), strict=True)):
        raise ValueError(f"{file}: cannot hold {ours[0].W.dtype} as it is; cast it first")
    _write(file, data)


def checksum(
    arrays: Mapping[str, Any], layout: str | None, activations: Sequence[Activation] | None = None
) -> str:
    """A sum over the layout, activations, names, shapes, dtypes and all bytes."""
    told = [(g.name, g.parameter and number(g.parameter)) for g in activations or ()]
    found = hashlib.sha256(f"{layout} {told}".encode())
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.shape} {array.dtype.str} ".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def bytes_in(file: Path) -> bytes:
    """What is in a file; a pipe, which might never end, is none.

    Raises:
        ValueError: there is none.
    """
    if not file.is_file():
        raise ValueError(f"{file}: no such file, or it is a folder, a pipe or a device")
    return file.read_bytes()


def _write(file: Path, data: bytes) -> None:
    """All of it, or nothing: written beside the file, and then put in its place."""
    target = Path(os.path.realpath(file))  # what a link points to is written, and the link stays
    if not target.parent.is_dir():
        raise ValueError(f"{file}: its folder does not exist")
    beside = target.with_name(f".{uuid4().hex}")
    try:
        beside.write_bytes(data)
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def _missing(file: Path, error: ImportError) -> ImportError:
    return ImportError(f"{file}: needs {error.name}: pip install 'shapecheck-bp[weights]'")


def _float(name: str, array: Any) -> Any:
    """An array, if it is of floats."""
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        told = f"{array.dtype}: cast it to float32 or float64 first"
        raise expected(name, "floats that NumPy knows", told)
    return array


def _own(array: Any) -> Any:
    """A parameter as NumPy's own contiguous array."""
    try:
        return _float("params", np.ascontiguousarray(as_numpy(array)))
    except TypeError as error:
        raise expected("params", "floats that NumPy knows", error) from None


def _laid_out(params: Parameters, layout: str) -> list[tuple[Any, Any]]:
    """W and b of each layer as they lie in a layout, in arrays of their own."""
    layers = layers_of(from_column(params, layout))
    return [(np.ascontiguousarray(one.W), np.ascontiguousarray(one.b)) for one in layers]


def _functions(net: Any, params: Parameters) -> tuple[Activation, ...]:
    """The activations that go with these parameters."""
    if isinstance(net, Network):
        if net.sizes != sizes_of(params):
            raise expected("net", f"sizes {sizes_of(params)}, as in params", net.sizes)
        return activations_of(net)
    if not isinstance(net, Sequence) or [type(one) for one in net] != [Activation] * len(params):
        raise expected("net", f"a Network, or an Activation for each of {len(params)} layers", net)
    return tuple(net)
