"""Parameters in files: safetensors, .npz, .keras and .onnx, each by its own library.

A kind of file has ``LIBRARY``, which it needs; ``LAYOUTS``, those that it can have, or None for
any; ``read``, which makes Inspected of a file; ``write``, which makes a file of what was found
elsewhere, with a mark; and ``run``, its library's outputs for X, or None.

What ``save`` writes says which layout it is in, with a sum over all its bytes, and ``load`` holds
it to both. An .npz and a .keras are zips, which have sums of their own.
"""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from warnings import warn

import numpy as np

from shapecheck_bp.data.settings import check_convention
from shapecheck_bp.layouts.containers import arrays_of, checked
from shapecheck_bp.layouts.formats import keras, onnx
from shapecheck_bp.layouts.formats.arrays import NPZ, SAFETENSORS
from shapecheck_bp.layouts.functions import Activation, activations_of
from shapecheck_bp.layouts.record import Inspected, Parameters, found_in, laid_out
from shapecheck_bp.layouts.table import LAYOUTS, expected
from shapecheck_bp.network import Layer, Network
from shapecheck_bp.shapes.arrays import as_numpy
from shapecheck_bp.transpose import flip

FORMATS: dict[str, Any] = {".safetensors": SAFETENSORS, ".npz": NPZ, ".keras": keras, ".onnx": onnx}

PICKLE = "it is a pickle, which runs code when it is read. Where you trust it: "
ELSEWHERE: dict[tuple[str | bytes, ...], str] = {
    (".pt", ".pth", ".ckpt", ".bin"): PICKLE
    + "safetensors.torch.save_file(torch.load({name!r}, weights_only=True), {new!r})",
    (".pkl", ".pickle", ".joblib"): PICKLE
    + "layouts.to_row(joblib.load({name!r}), 'sklearn'), if it is an estimator",
    (".h5", ".hdf5", b"\x89HDF"): "Keras, where its name ends in .h5, makes of it what is read"
    " here: keras.saving.load_model({name!r}, compile=False).save({model!r}); where it has weights"
    " and no model, model.load_weights({name!r}) and model.save({model!r})",
    (".npy", b"\x93NUM"): "it is one array; all W and b go into an .npz:"
    " numpy.savez('m.npz', W1=W1, b1=b1)",
    (".mat",): "SciPy reads it; if each Theta has the bias in its first column: layouts.to_column("
    "[(T[:, 1:], T[:, :1]) for at, T in scipy.io.loadmat({name!r}).items() if at[0] != '_'],"
    " 'column')",
    (".eqx",): "Equinox reads it: layouts.to_column(equinox.tree_deserialise_leaves({name!r},"
    " model).layers, 'equinox')",
}
"""The line of Python that leads from there to here, by how a file's name ends, or how it begins."""
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
    kind = _kind_of(file)
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
        raise ValueError(f"{file}: cannot be read: {_way_here(file, data) or words}") from error
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

    It is read again first, and not written where that gives anything else.

    Args:
        path: a .safetensors, .npz, .keras or .onnx file.
        params: a (W, b) for each layer.
        layout: a name in ``LAYOUTS``; for .keras and .onnx theirs.
        convention: ``"column"`` or ``"row"``, in which ``params`` lie.
        like: a .npz or .safetensors file like it, whose names and everything else to keep.
        net: the activations: a Network, or those that ``inspect`` found in another file. .keras and
            .onnx need them; .npz and .safetensors keep them if given.
        order: the names of the layers in ``like``, where nothing else tells their order.

    Raises:
        ValueError: a layout that the file cannot have, no ``net`` where it takes one, or one that
            contradicts ``like``.
        ShapeError: parameters that do not follow one another.
    """
    file, kind = Path(path), _kind_of(Path(path))
    if kind.LAYOUTS is not None and layout not in kind.LAYOUTS:
        raise expected(file, f"layout {' or '.join(map(repr, kind.LAYOUTS))}", repr(layout))
    check_convention(convention)
    ours = found_in(params, "params").params(convention)
    ours = tuple(Layer(*(_floats("params", array) for array in one)) for one in ours)
    given = None if net is None else activations_of(net, LAYOUTS["column"].sizes(ours))
    if like is None:
        made = laid_out(ours, layout)._replace(activations=given)
        if given is None and kind.LAYOUTS is not None:
            raise expected("net", f"a Network, for a {file.suffix} file has activations", "none")
    elif Path(like).suffix != file.suffix or kind.LAYOUTS is not None:
        raise expected("like", "a file of names, both .npz or .safetensors", f"{like} for {file}")
    else:
        found = inspect(like)
        made = laid_out(ours, layout, found, order)._replace(activations=given or found.activations)
    mark = {"layout": made.layout, "activations": made.activations}
    if file.suffix != ".npz":
        mark["sum"] = NO_SUM.decode()
    with TemporaryDirectory() as folder:  # what is written has been read
        beside = Path(folder, f"made{file.suffix}")
        kind.write(beside, made, json.dumps(mark), like and Path(like))
        data = _summed(beside.read_bytes())
        beside.write_bytes(data)
        back = inspect(beside)
    pairs = [*zip(sum(back.params(made.layout, order), ()), sum(ours, ()), strict=True)]
    has, wants = ([*map(str, one.activations or ())] for one in (back, made))
    if (has and has != wants) or any(a.tobytes() != b.tobytes() for a, b in pairs):
        raise ValueError(f"{file}: would be read otherwise than written; cast it first")
    file.write_bytes(data)


def _kind_of(file: Path) -> Any:
    """What reads and writes a file, by how its name ends.

    Raises:
        ValueError: nothing here does, and what does.
        ImportError: its library is not there.
    """
    if way := _way_here(file):
        raise ValueError(f"{file}: {way}")
    if file.suffix not in FORMATS:
        raise expected(file, f"one of {', '.join(FORMATS)}", repr(file.suffix or "no ending"))
    kind = FORMATS[file.suffix]
    try:
        import_module(kind.LIBRARY)
    except ImportError as error:
        told = f"{file}: needs {kind.LIBRARY}: pip install 'shapecheck-bp[weights]'"
        raise ImportError(told) from error
    return kind


def _way_here(file: Path, data: bytes = b"") -> str | None:
    """The line for a file of that name, or with that in it."""
    new, model = (str(file.with_suffix(ending)) for ending in (".safetensors", ".keras"))
    for signs, line in ELSEWHERE.items():
        if file.suffix in signs or data[:4] in signs:
            return line.format(name=str(file), new=new, model=model)
    return None


def _summed(data: bytes) -> bytes:
    """A file with the sum over all its bytes where it has none yet, if it has a place for it."""
    told = NO_SUM[:-64] + hashlib.sha256(data).hexdigest().encode()
    return data.replace(NO_SUM, told)


def _floats(name: str, array: Any) -> Any:
    """An array of any library as NumPy's own, contiguous, if it is of floats."""
    own = np.ascontiguousarray(as_numpy(array))
    if own.dtype.kind != "f" or own.dtype.itemsize > 8:
        told = f"{own.dtype}: cast it to float32 or float64 first"
        raise expected(name, "floats that NumPy knows", told)
    return own
