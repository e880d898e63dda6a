"""Parameters in files: safetensors, .npz, .keras and .onnx, each by its own library.

What ``save`` writes says which layout it is in, with a sum over all its bytes, and ``load`` holds
it to both. An .npz and a .keras are zips, which have sums of their own.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4
from warnings import warn

import numpy as np

from shapecheck_bp.data.settings import check_convention
from shapecheck_bp.layouts.containers import arrays_of, checked
from shapecheck_bp.layouts.formats import kind_of, way_here
from shapecheck_bp.layouts.functions import Activation, activations_of
from shapecheck_bp.layouts.record import Inspected, Parameters, found_in, laid_out, sizes_of
from shapecheck_bp.layouts.table import expected
from shapecheck_bp.network import Layer, Network
from shapecheck_bp.shapes.arrays import as_numpy
from shapecheck_bp.transpose import flip

NO_SUM = b"shapecheck_bp sha256=" + 64 * b"0"


def inspect(path: str | os.PathLike[str], only: str | Sequence[str] | None = None) -> Inspected:
    """What is in a file, before it is taken for any layout.

    Args:
        path: a .safetensors, .npz, .keras or .onnx file.
        only: what names begin with, or a list of that, of a file with more than one network in it.

    Raises:
        ValueError: no such file, a pickle, another kind of file, or one that is damaged.
    """
    file = Path(path)
    kind = kind_of(file)
    if only is not None and kind.LAYOUTS is not None:
        raise ValueError(f"only: {file} holds one network, which is read whole; got {only!r}")
    if not file.is_file():  # a pipe might never end
        raise ValueError(f"{file}: no such file, or it is a folder, a pipe or a device")
    data = file.read_bytes()
    told = re.search(rb"shapecheck_bp sha256=.{64}", data, re.DOTALL)
    if told and _summed(data.replace(told[0], NO_SUM)) != data:
        raise ValueError(f"{file}: has been changed since it was saved: its checksum is another")
    try:
        found: Inspected = kind.read(file, only)
        arrays = arrays_of(checked(found.layers, "weights"))
        for name, array in arrays.items():
            _floats(name, array)
        for name in (*arrays, *found.said, *(one.name for one in found.activations or ())):
            if not name.isprintable():  # a terminal would do what it says
                raise ValueError(f"expected names that can be printed; got {name!r}")
    except Exception as error:  # whatever a reader raises at a file that is not what it should be
        words = " ".join(str(error).split())[:500]
        words = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in words)
        words = words if isinstance(error, ValueError) else f"{type(error).__name__}: {words}"
        raise ValueError(f"{file}: cannot be read: {way_here(file, data) or words}") from error
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
        path: the file, and ``only`` a part of it, as for ``inspect``.
        layout: a name in ``LAYOUTS``; not needed where the file says it: one that was saved here,
            and .keras and .onnx.
        convention: ``"column"`` or ``"row"``.
        order: as for ``to_column``.
        only: see ``path``.

    Raises:
        ValueError, ShapeError: as ``inspect`` and ``to_column`` do, or nobody says the layout.
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
        order: the names of the layers in ``like``, where nothing else tells their order.

    Raises:
        ValueError: a layout that the file cannot have, no ``net`` where it takes one, or one that
            contradicts ``like``.
        ShapeError: parameters that do not follow one another.
    """
    file, kind = Path(path), kind_of(Path(path))
    if kind.LAYOUTS is not None and layout not in kind.LAYOUTS:
        raise expected(file, f"layout {' or '.join(map(repr, kind.LAYOUTS))}", repr(layout))
    check_convention(convention)
    ours = found_in(params, "params").params(convention)
    ours = tuple(Layer(*(_floats("params", array) for array in one)) for one in ours)
    dtype = ours[0].W.dtype
    given = None if net is None else activations_of(net, sizes_of(ours))
    if like is None:
        made = laid_out(ours, layout)._replace(activations=given)
        if given is None and kind.LAYOUTS is not None:
            raise expected("net", f"a Network, for a {file.suffix} file has activations", "none")
    else:
        found = inspect(like)
        made = laid_out(ours, layout, found, order)._replace(activations=found.activations or given)
        types = {array.dtype for array in arrays_of(found.layers).values()}
        if Path(like).suffix != file.suffix or types != {dtype}:
            raise expected("like", f"a {file.suffix} file of {dtype}", f"{like}, {types}")
    mark = {"layout": made.layout, "activations": made.activations}
    if file.suffix != ".npz":
        mark["sum"] = NO_SUM.decode()
    target = Path(os.path.realpath(file))  # what a link points to is written, and the link stays
    if not target.parent.is_dir():
        raise ValueError(f"{file}: its folder does not exist")
    beside = target.with_name(f".{uuid4().hex}{file.suffix}")
    try:
        kind.write(beside, made, json.dumps(mark), like and Path(like))
        beside.write_bytes(_summed(beside.read_bytes()))
        back = inspect(beside)
        has, wants = (" then ".join(map(str, one or ())) for one in (back.activations, given))
        if has and wants and has != wants:
            raise ValueError(f"{like or file} has {has}, and what is to be written has {wants}")
        pairs = zip(sum(back.params(made.layout, order), ()), sum(ours, ()), strict=True)
        if any(a.tobytes() != b.tobytes() for a, b in pairs):
            told = f"would be read otherwise than written; cast {dtype} first, or leave out like="
            raise ValueError(f"{file}: {told}")
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def _summed(data: bytes) -> bytes:
    """A file with the sum over all its bytes where it has none yet, if it has a place for it."""
    told = NO_SUM[:-64] + hashlib.sha256(data).hexdigest().encode()
    return data.replace(NO_SUM, told)


def _floats(name: str, array: Any) -> Any:
    """An array of any library as NumPy's own, contiguous, if it is of floats."""
    try:
        own = np.ascontiguousarray(as_numpy(array))
    except TypeError as error:  # such as PyTorch's bfloat16
        raise expected(name, "floats that NumPy knows", error) from None
    if own.dtype.kind != "f" or own.dtype.itemsize > 8:
        told = f"{own.dtype}: cast it to float32 or float64 first"
        raise expected(name, "floats that NumPy knows", told)
    return own
