"""Weights in files: safetensors, .npz, .keras and .onnx, read and written by their own libraries.

Nothing is ever unpickled. What ``save`` writes says which layout it is in, with a sum over all its
bytes, and ``load`` holds it to both.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4
from warnings import warn

import numpy as np

from shapecheck_bp.data.settings import check_convention
from shapecheck_bp.layouts import formats
from shapecheck_bp.layouts.carry import (
    Parameters,
    by_names_of,
    carried,
    detected,
    following,
    from_column,
    from_row,
)
from shapecheck_bp.layouts.containers import Named, by_name, layers_of
from shapecheck_bp.layouts.formats.contents import Contents, Only
from shapecheck_bp.layouts.functions import Activation, activations_of, number
from shapecheck_bp.layouts.table import layout as line_of
from shapecheck_bp.network import Network
from shapecheck_bp.shapes.arrays import as_numpy
from shapecheck_bp.transpose import flip

PICKLE = "it is a pickle, which runs code when it is read. Where you trust it: "
TORCH = "safetensors.torch.save_file(torch.load({name!r}, weights_only=True), {new!r})"
KERAS = "keras.saving.load_model({name!r}, compile=False).save({keras!r})"
ELSEWHERE: dict[str | bytes, str] = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin"), f"{PICKLE}{TORCH}"),
    **dict.fromkeys(
        (".pkl", ".pickle", ".joblib"),
        f"{PICKLE}layouts.to_row(joblib.load({{name!r}}), 'sklearn'), if it is an estimator",
    ),
    **dict.fromkeys(
        (".h5", ".hdf5", b"\x89HDF"),
        f"Keras, where its name ends in .h5, makes of it what is read here: {KERAS}; where it has"
        " weights and no model, model.load_weights({name!r}) and model.save({keras!r})",
    ),
    **dict.fromkeys(
        (".npy", b"\x93NUMPY"),
        "it is one array; all W and b go into an .npz: numpy.savez('m.npz', W1=W1, b1=b1)",
    ),
    ".mat": "SciPy reads it; if each Theta has the bias in its first column: layouts.to_column("
    "[(T[:, 1:], T[:, :1]) for at, T in scipy.io.loadmat({name!r}).items() if at[0] != '_'],"
    " 'column')",
    ".eqx": "Equinox reads it: layouts.to_column(equinox.tree_deserialise_leaves({name!r},"
    " model).layers, 'equinox')",
    ".msgpack": "Flax reads it: layouts.to_row(flax.serialization.msgpack_restore(open({name!r},"
    " 'rb').read()), 'flax')",
}
"""The line of Python that leads from there to here, by how a file's name ends, or how it begins."""


class Opened(NamedTuple):
    """A network in a file: column's parameters, what the file says of itself, and its layout."""

    params: Parameters
    contents: Contents
    layout: str


def read(path: str | os.PathLike[str], only: Only = None) -> Contents:
    """The weights in a file as they lie there, by name, and what the file says of itself.

    Raises:
        ValueError: no such file, a pickle, another kind of file, or one that is damaged.
    """
    file = _path(path)
    kind, data = _kind(file), _bytes(file)
    if only is not None and kind.LAYOUTS is not None:
        raise ValueError(f"only: {file} holds one network, which is read whole; got {only!r}")
    try:
        contents: Contents = kind.read(data, file.parent, only)
        if not contents.layers:
            raise ValueError("expected fully connected layers; there is none")
        for one in contents.layers:
            _floats(one)
    except ImportError as error:
        raise ImportError(
            f"{file}: reading it needs {error.name}: pip install 'shapecheck-bp[weights]'"
        ) from error
    except Exception as error:  # whatever a reader raises at a file that is not what it should be
        raise ValueError(f"{file}: cannot be read: {_why(file, data, error)}") from error
    summed = checksum(contents.layers, contents.layout, contents.activations)
    if contents.sha256 not in (None, summed):
        raise ValueError(f"{file}: has been changed since it was saved: its checksum is another")
    return contents


def opened(path: Any, layout: Any = None, order: Any = None, only: Only = None) -> Opened:
    """The parameters in a file, as ``load`` has them, with what the file says of itself."""
    return as_opened(path, read(path, only), layout, order)


def as_opened(path: Any, contents: Contents, layout: Any = None, order: Any = None) -> Opened:
    """The same of what has been read."""
    known = contents.layout
    if layout is None and known is None:
        told = str(detected(contents.layers, kept=contents.in_order)).replace("\n", "; ")
        raise ValueError(f"{path}: does not say which layout it has; pass layout=. By shape {told}")
    same = layout is None or known is None or layout.removesuffix("_transB_0") == known
    if not (same or line_of(str(layout)).W == line_of(str(known)).W):
        raise ValueError(f"{path}: says that its layout is {known!r}; got layout={layout!r}")
    name = str(known or layout)
    layers = following(contents.layers, line_of(name), name, order=order, kept=contents.in_order)
    return Opened(carried(layers, line_of(name)), contents, name)


def sizes_of(params: Parameters) -> tuple[int, ...]:
    """n_0, n_1, …, n_L of column's parameters."""
    return (params[0][0].shape[1], *(W.shape[0] for W, _ in params))


def load(
    path: str | os.PathLike[str],
    layout: str | None = None,
    convention: str = "column",
    order: Sequence[str] | None = None,
    only: Only = None,
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
    found = opened(path, layout, order, only)
    for effect, changes in found.contents.said.items():
        if changes:
            warn(f"{path}: not carried: {effect}", stacklevel=2)
    return found.params if convention == "column" else flip(found.params)


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
    file = _path(path)
    kind, line = _kind(file), line_of(layout)
    if kind.LAYOUTS is not None and layout not in kind.LAYOUTS:
        names = " or ".join(map(repr, kind.LAYOUTS))
        raise ValueError(f"{file}: expected layout {names} in such a file; got {layout!r}")
    check_convention(convention)
    carry = from_column if convention == "column" else from_row
    ours, functions = carry(params, "column"), None
    if net is not None:
        functions = _functions(net, ours)
    elif like is None and kind.LAYOUTS is not None:
        raise ValueError(
            f"net: a {file.suffix} file holds the activations too; pass the Network (in the command"
            " --hidden and --output), or like="
        )
    if like is None:
        folder = file.parent
        named = by_name(_arrays(carry(params, layout)), line)
        try:
            data = kind.new(named, layout, functions)
        except (ValueError, ImportError):
            raise
        except Exception as error:  # whatever a library has against it
            raise ValueError(f"{file}: cannot be written: {_why(file, b'', error)}") from error
        found = kind.read(data, folder)
    else:
        folder, found = _path(like).parent, read(like)
        data = _bytes(_path(like))
        if line_of(found.layout or layout).W != line.W and layout not in (kind.LAYOUTS or ()):
            raise ValueError(
                f"like: expected a file in the layout {layout!r}; got {found.layout!r}"
            )
    inside = found.layout or layout
    template = following(found.layers, line_of(inside), inside, order=order, kept=found.in_order)
    arrays = _arrays(carry(params, inside))
    if like is not None:
        _alike(template, arrays, like, file)
    mine, theirs = (" then ".join(map(str, one or ())) for one in (functions, found.activations))
    if mine and theirs and mine != theirs:
        raise ValueError(f"{like or file} has {theirs}, and what is to be written has {mine}")
    weights, mark = by_names_of(template, arrays), None
    if like is None or found.sha256 is not None:
        functions = functions or found.activations
        layers = [Named(weights[W], weights.get(b), (W, b)) for _, _, (W, b), _ in template]
        sha256 = checksum(layers, inside, functions)
        mark = json.dumps({"layout": inside, "activations": functions, "sha256": sha256})
    data = kind.fill(data, folder, weights, mark)
    made = as_opened(file, kind.read(data, folder), inside, order).params
    bits = [[(one.dtype, one.tobytes()) for one in map(_own, sum(of, ()))] for of in (made, ours)]
    if bits[0] != bits[1]:
        kinds = ", ".join(sorted({str(one.dtype) for pair in arrays for one in pair}))
        raise ValueError(f"{file}: cannot hold {kinds} as it is; cast it first")
    _write(file, data)


def checksum(
    layers: Sequence[Named], layout: str | None, activations: Sequence[Activation] | None = None
) -> str:
    """A sum over the layout, activations, names, shapes, dtypes and all bytes."""
    told = [(g.name, g.parameter and number(g.parameter)) for g in activations or ()]
    found = hashlib.sha256(f"{layout} {told}".encode())
    for name, array in sorted(pair for one in layers for pair in one.arrays()):
        own = _own(array)
        found.update(f"{name} {own.shape} {own.dtype.str} ".encode())
        found.update(own.tobytes())
    return found.hexdigest()


def _functions(net: Any, params: Parameters) -> tuple[Activation, ...]:
    """The activations that go with these parameters."""
    if isinstance(net, Network):
        if net.sizes != sizes_of(params):
            raise ValueError(
                f"net: expected sizes {sizes_of(params)}, as in params; got {net.sizes}"
            )
        return activations_of(net)
    if not isinstance(net, Sequence) or not all(isinstance(one, Activation) for one in net):
        got = type(net).__name__
        raise ValueError(f"net: expected a Network, or an Activation for each layer; got {got}")
    if len(net) != len(params):
        raise ValueError(f"net: expected {len(params)} activations, one a layer; got {len(net)}")
    return tuple(net)


def _arrays(weights: Any) -> list[tuple[Any, Any]]:
    found = [Named(_own(one.W), _own(one.b), ("params", "params")) for one in layers_of(weights)]
    for one in found:
        _floats(one)
    return [one[:2] for one in found]


def _alike(template: Sequence[Named], arrays: Sequence[Any], like: Any, file: Path) -> None:
    """Refuse a file to be like that has other shapes or types, or is of another kind."""
    given, wanted = [
        [[(one.shape, str(one.dtype)) for one in pair if one is not None] for pair in pairs]
        for pairs in (arrays, [layer[:2] for layer in template])
    ]
    fits = [one[: len(has)] for one, has in zip(given, wanted, strict=False)] == wanted
    if not fits or len(given) != len(wanted) or _path(like).suffix != file.suffix:
        raise ValueError(
            f"like: expected a {file.suffix} file of the same shapes and types, {given}; {like} has"
            f" {wanted}"
        )


def _floats(one: Named) -> None:
    for name, array in one.arrays():
        if array.dtype.kind != "f" or array.dtype.itemsize > 8:
            raise ValueError(
                f"{name}: expected floats that NumPy knows; got {array.dtype}: cast it to float32"
                " or float64 first"
            )


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


def _kind(file: Path) -> Any:
    if way := ELSEWHERE.get(file.suffix):
        raise ValueError(f"{file}: {_way(way, file)}")
    if file.suffix not in formats.FORMATS:
        known = ", ".join(formats.FORMATS)
        raise ValueError(f"{file}: expected one of {known}; got {file.suffix or 'no ending'!r}")
    return formats.FORMATS[file.suffix]


def _way(words: str, file: Path) -> str:
    """The line of Python with this file's name in it."""
    new, keras = (str(file.with_suffix(ending)) for ending in (".safetensors", ".keras"))
    return words.format(name=str(file), new=new, keras=keras)


def _bytes(file: Path) -> bytes:
    """What is in a file; a pipe, which might never end, is none."""
    try:
        if not file.exists():
            raise ValueError(f"{file}: no such file")
        if not file.is_file():
            raise ValueError(f"{file}: expected a file; it is a folder, a pipe or a device")
        return file.read_bytes()
    except (OSError, RuntimeError) as error:  # such as links in a circle
        raise ValueError(f"{file}: cannot be read: {error}") from None


def _why(file: Path, data: bytes, error: Exception) -> str:
    """Why a file cannot be read, in few words, or what it is."""
    for begins, way in ELSEWHERE.items():
        if isinstance(begins, bytes) and data.startswith(begins):
            return _way(way, file)
    words = " ".join(str(error).split())[:500]
    return words if isinstance(error, ValueError) else f"{type(error).__name__}: {words}"


def _write(file: Path, data: bytes) -> None:
    """All of it, or nothing: written beside the file, and then put in its place."""
    try:
        target = file.resolve()  # what a link points to is written, and the link stays
    except (OSError, RuntimeError) as error:
        raise ValueError(f"{file}: cannot be written: {error}") from None
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
