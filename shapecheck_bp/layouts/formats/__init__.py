"""The kinds of files: those that are read here, each by its own library, and those that are not.

A kind has ``LIBRARY``, which it needs; ``LAYOUTS``, those that it can have, or None for any;
``read``, which makes Inspected of a file; ``write``, which makes a file, maybe like another, of
what was found elsewhere, with a mark; and ``run``, its library's outputs for X, or None.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from shapecheck_bp.layouts.formats import keras, onnx
from shapecheck_bp.layouts.formats.arrays import NPZ, SAFETENSORS
from shapecheck_bp.layouts.table import expected

FORMATS: dict[str, Any] = {".safetensors": SAFETENSORS, ".npz": NPZ, ".keras": keras, ".onnx": onnx}

PICKLE = "it is a pickle, which runs code when it is read. Where you trust it: "
ELSEWHERE: dict[tuple[str | bytes, ...], str] = {
    (".pt", ".pth", ".ckpt", ".bin"): PICKLE
    + "safetensors.torch.save_file(torch.load({name!r}, weights_only=True), {new!r})",
    (".pkl", ".pickle", ".joblib"): PICKLE
    + "layouts.to_row(joblib.load({name!r}), 'sklearn'), if it is an estimator",
    (".h5", ".hdf5", b"\x89HDF"): "Keras, where its name ends in .h5, makes of it what is read"
    " here: keras.saving.load_model({name!r}, compile=False).save({keras!r}); where it has weights"
    " and no model, model.load_weights({name!r}) and model.save({keras!r})",
    (".npy", b"\x93NUM"): "it is one array; all W and b go into an .npz:"
    " numpy.savez('m.npz', W1=W1, b1=b1)",
    (".mat",): "SciPy reads it; if each Theta has the bias in its first column: layouts.to_column("
    "[(T[:, 1:], T[:, :1]) for at, T in scipy.io.loadmat({name!r}).items() if at[0] != '_'],"
    " 'column')",
    (".eqx",): "Equinox reads it: layouts.to_column(equinox.tree_deserialise_leaves({name!r},"
    " model).layers, 'equinox')",
    (".msgpack",): "Flax reads it: layouts.to_row(flax.serialization.msgpack_restore(open({name!r},"
    " 'rb').read()), 'flax')",
}
"""The line of Python that leads from there to here, by how a file's name ends, or how it begins."""


def way_here(file: Path, data: bytes = b"") -> str | None:
    """The line for a file of that name, or with that in it."""
    new, keras = (str(file.with_suffix(ending)) for ending in (".safetensors", ".keras"))
    for signs, line in ELSEWHERE.items():
        if file.suffix in signs or data[:4] in signs:
            return line.format(name=str(file), new=new, keras=keras)
    return None


def kind_of(file: Path) -> Any:
    """What reads and writes a file, by how its name ends.

    Raises:
        ValueError: nothing here does, and what does.
        ImportError: its library is not there.
    """
    if way := way_here(file):
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
