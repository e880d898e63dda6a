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
from shapecheck_bp.layouts.formats import Contents
from shapecheck_bp.layouts.functions import Activation, activations_of
from shapecheck_bp.layouts.table import layout as line_of
from shapecheck_bp.network import Network
from shapecheck_bp.shapes.arrays import as_numpy
from shapecheck_bp.transpose import flip

# What is read elsewhere, and the line of Python that leads from there to here.
PICKLE = "it is a pickle, which runs code when it is read. Where you trust it, "
TORCH = PICKLE + (
    "turn it into safetensors: safetensors.torch.save_file(torch.load({name!r},"
    " weights_only=True), {new!r})"
)
JOBLIB = PICKLE + (
    "give what it holds, such as a scikit-learn estimator, to Python:"
    " layouts.to_row(joblib.load({name!r}), 'sklearn')"
)
HDF5 = (
    "Keras turns it into a file that is read here: keras.saving.load_model({h5!r},"
    " compile=False).save({keras!r}); where it has no model but its weights,"
    " model.load_weights({h5!r}) first, and model.save({keras!r})"
)
MATLAB = (
    "SciPy reads it: layouts.to_column([(T[:, 1:], T[:, :1]) for name, T in"
    " scipy.io.loadmat({name!r}).items() if name.startswith('Theta')], 'column'), where the"
    " bias is the first column of each Theta"
)
EQUINOX = (
    "Equinox reads it: layouts.to_column(eqx.tree_deserialise_leaves({name!r}, model).layers,"
    " 'equinox')"
)
NPY = "it is one array; put W and b of each layer into an .npz: np.savez('m.npz', W1=W1, b1=b1)"
MSGPACK = (
    "Flax reads it: layouts.to_row(flax.serialization.msgpack_restore(open({name!r},"
    " 'rb').read()), 'flax')"
)
ELSEWHERE = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin"), TORCH),
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), JOBLIB),
    **dict.fromkeys((".h5", ".hdf5"), HDF5),
    ".mat": MATLAB,
    ".eqx": EQUINOX,
    ".npy": NPY,
    ".msgpack": MSGPACK,
}
BEGINNINGS = {b"\x89HDF": ("HDF5", HDF5), b"\x93NUMPY": (".npy", NPY)}


class Opened(NamedTuple):
    """A network in a file."""

    params: Parameters
    """As ``column`` has them."""
    contents: Contents
    layout: str

    @property
    def sizes(self) -> tuple[int, ...]:
        """n_0, n_1, …, n_L."""
        return (self.params[0].W.shape[1], *(W.shape[0] for W, _ in self.params))


def read(path: str | os.PathLike[str], only: str | None = None) -> Contents:
    """The weights in a file as they lie there, by name, and what the file says of itself.

    Raises:
        ValueError: no such file, a pickle, another kind of file, or one that is damaged.
    """
    file = _path(path)
    kind = _kind(file)
    data = _bytes(file)
    try:
        contents = kind.read(data, file.parent, only)
        for one in contents.layers:
            _floats(one)
    except ImportError as error:
        raise ImportError(
            f"{file}: reading it needs {error.name}: pip install 'shapecheck-bp[weights]'"
        ) from error
    except Exception as error:  # whatever a reader raises at a file that is not what it should be
        raise ValueError(f"{file}: cannot be read: {_told(file, data, error)}") from error
    summed = checksum(contents.layers, contents.layout, contents.activations)
    if contents.sha256 not in (None, summed):
        raise ValueError(f"{file}: has been changed since it was saved: its checksum is another")
    return contents


def opened(
    path: str | os.PathLike[str],
    layout: str | None = None,
    order: Sequence[str] | None = None,
    only: str | None = None,
) -> Opened:
    """The parameters in a file, as ``load`` has them, with what the file says of itself."""
    contents = read(path, only)
    known = contents.layout
    if layout is None and known is None:
        told = str(detected(contents.layers, kept=contents.in_order)).replace("\n", "; ")
        raise ValueError(f"{path}: does not say which layout it has; pass layout=. By shape {told}")
    same = layout is None or known is None or layout.removesuffix("_transB_0") == known
    if not (same or line_of(str(layout)).W == line_of(str(known)).W):
        raise ValueError(f"{path}: says that its layout is {known!r}; got layout={layout!r}")
    name = str(known or layout)
    line = line_of(name)
    layers = following(contents.layers, line, name, order=order, kept=contents.in_order)
    return Opened(carried(layers, line), contents, name)


def load(
    path: str | os.PathLike[str],
    layout: str | None = None,
    convention: str = "column",
    order: Sequence[str] | None = None,
    only: str | None = None,
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
        only: what names begin with, of a file with more than one network in it.

    Raises:
        ValueError: a file that cannot be read, that says it has another layout, or that does not
            say which; layers of which several orders fit.
        ShapeError: shapes that contradict the layout.
    """
    check_convention(convention)
    found = opened(path, layout, order, only)
    for effect in found.contents.said:
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
    functions = None if net is None else _functions(net, carry(params, "column"))
    before = None if like is None else read(like)
    if before is None:
        arrays = _arrays(carry(params, layout), layout)
        data = kind.write(by_name(arrays, line), layout, functions)
    else:
        if before.layout is not None:
            if line_of(before.layout).W != line.W and layout not in (kind.LAYOUTS or ()):
                raise ValueError(
                    f"like: expected a file in the layout {layout!r}; got {before.layout!r}"
                )
            line, layout = line_of(before.layout), before.layout
        arrays = _arrays(carry(params, layout), layout)
        template = following(before.layers, line, layout, order=order, kept=before.in_order)
        weights = _like(template, arrays, like, file)
        data = kind.replace(Path(str(like)).read_bytes(), weights, Path(str(like)).parent)
        _same_functions(f"like: {like}", before.activations, functions)
        functions = functions or before.activations
    made = kind.read(data, file.parent)
    if made.activations is not None:
        _same_functions(f"{file}", made.activations, functions)
    if before is None or before.sha256 is not None:
        made = made._replace(layout=made.layout or layout)
        if kind.LAYOUTS is None:
            made = made._replace(activations=functions)
        told: dict[str, Any] = {"layout": made.layout}
        if kind.LAYOUTS is None and functions is not None:
            told["activations"] = functions
        told["sha256"] = checksum(made.layers, made.layout, made.activations)
        data = kind.mark(data, json.dumps(told))
    line = line_of(made.layout or layout)
    again = following(made.layers, line, layout, order=order, kept=made.in_order)
    if _bits(carried(again, line)) != _bits(carry(params, "column")):
        kinds = ", ".join(sorted({str(one.dtype) for pair in arrays for one in pair}))
        raise ValueError(f"{file}: cannot hold {kinds} as it is; cast it first")
    _write(file, data)


def checksum(
    layers: Sequence[Named], layout: str | None, activations: Sequence[Activation] | None = None
) -> str:
    """A sum over the layout, activations, names, shapes, dtypes and all bytes."""
    told = " ".join(map(str, activations or ()))
    found = hashlib.sha256(f"{layout} {told}".encode())
    for name, array in sorted(pair for one in layers for pair in one.arrays()):
        own = _own(array)
        found.update(f"{name} {own.shape} {own.dtype.str} ".encode())
        found.update(own.tobytes())
    return found.hexdigest()


def _functions(net: Any, params: Parameters) -> tuple[Activation, ...]:
    """The activations that go with these parameters."""
    sizes = (params[0][0].shape[1], *(W.shape[0] for W, _ in params))
    if isinstance(net, Network):
        if net.sizes != sizes:
            raise ValueError(f"net: expected sizes {sizes}, as in params; got {net.sizes}")
        return activations_of(net)
    many = isinstance(net, Sequence) and not isinstance(net, str)
    if not many or not all(isinstance(one, Activation) for one in net):
        got = type(net).__name__
        raise ValueError(f"net: expected a Network, or an Activation for each layer; got {got}")
    if len(net) != len(params):
        raise ValueError(f"net: expected {len(params)} activations, one a layer; got {len(net)}")
    return tuple(net)


def _same_functions(what: str, theirs: Any, ours: Any) -> None:
    mine, others = [" then ".join(map(str, one or ())) for one in (ours, theirs)]
    if mine and others and mine != others:
        raise ValueError(f"{what} has {others}, and what is to be written has {mine}")


def _arrays(weights: Any, layout: str) -> list[tuple[Any, Any]]:
    found = [(_own(one.W), _own(one.b)) for one in layers_of(weights)]
    for W, b in found:
        _floats(Named(W, b, ("params", "params")))
    return found


def _like(
    template: Sequence[Named], arrays: Sequence[tuple[Any, Any]], like: Any, file: Path
) -> dict[str, Any]:
    """The arrays by the template's names, if they are what it has."""
    wanted = [[(one.shape, str(one.dtype)) for _, one in layer.arrays()] for layer in template]
    given = [[(one.shape, str(one.dtype)) for one in pair] for pair in arrays]
    fits = [one[: len(has)] for one, has in zip(given, wanted, strict=False)] == wanted
    if not fits or len(given) != len(wanted) or Path(str(like)).suffix != file.suffix:
        raise ValueError(
            f"like: expected a {file.suffix} file of the same shapes and types, {given}; {like} has"
            f" {wanted}"
        )
    return by_names_of(template, arrays)


def _bits(params: Parameters) -> list[tuple[Any, ...]]:
    own = [_own(one) for layer in params for one in layer]
    return [(one.shape, one.dtype.str, one.tobytes()) for one in own]


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


def _kind(file: Path) -> formats.Format:
    if file.suffix in ELSEWHERE:
        raise ValueError(f"{file}: {_way(ELSEWHERE[file.suffix], file)}")
    if file.suffix not in formats.FORMATS:
        known = ", ".join(formats.FORMATS)
        raise ValueError(f"{file}: expected one of {known}; got {file.suffix or 'no ending'!r}")
    return formats.FORMATS[file.suffix]


def _way(words: str, file: Path) -> str:
    """The line of Python with this file's names in it."""
    new = {ending: str(file.with_suffix(f".{ending}")) for ending in ("h5", "keras")}
    return words.format(name=str(file), new=str(file.with_suffix(".safetensors")), **new)


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


def _told(file: Path, data: bytes, error: Exception) -> str:
    """Why a file cannot be read, in few words."""
    for beginning, (what, way) in BEGINNINGS.items():
        if data.startswith(beginning):
            return f"it is {what}, whatever it is called; {_way(way, file)}"
    words = " ".join(str(error).split())
    return words if isinstance(error, ValueError) else f"{type(error).__name__}: {words}"[:300]


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
