"""Keras 3's .keras: a zip with a Sequential model's layers as JSON, and their weights as HDF5."""

import io
import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from warnings import catch_warnings, simplefilter

from shapecheck_bp.activations import LEAKY_SLOPE, ByActivation
from shapecheck_bp.layouts.containers import Named, layers_of
from shapecheck_bp.layouts.formats.contents import MARK, Contents, Weights, needed, said
from shapecheck_bp.network import Network

LAYOUTS: tuple[str, ...] | None = ("keras",)
INSIDE = "model.weights.h5"
WITHOUT_WEIGHTS = ("InputLayer", "Activation", "Dropout", "Flatten", "ReLU", "LeakyReLU", "Softmax")


def read(data: bytes) -> Contents:
    """The Dense layers of a Sequential model in their order."""
    import h5py

    with zipfile.ZipFile(io.BytesIO(data)) as file:
        if len({*file.namelist()}) != len(file.namelist()):
            raise ValueError("expected every part once")
        places = _dense(json.loads(file.read("config.json")))
        mark = file.read(MARK).decode() if MARK in file.namelist() else None
        inside = file.read(INSIDE)
    layers, used = [], set()
    with h5py.File(io.BytesIO(inside), "r") as found:
        for name, place in places.items():
            variables = found[f"{place}/vars"]
            if {*variables} != {"0", "1"}:
                told = ", ".join(variables) or "none"
                raise ValueError(f"{name}: expected a kernel and a bias; got variables {told}")
            W, b = (_stored(variables, i, len(inside)) for i in "01")
            used |= {f"{place}/vars/{i}" for i in "01"}
            layers.append(Named(W, b, (f"{name}/kernel", f"{name}/bias")))
        found.visititems(lambda at, one: _no_other(at, one, used))
    return said(layers, mark, None)._replace(layout="keras")


def _stored(variables: Any, name: str, most: int) -> Any:
    """An array that is in the file itself, and no larger than it."""
    import h5py

    one = variables[name]
    inside = isinstance(variables.get(name, getlink=True), h5py.HardLink) and not one.external
    if not inside or one.nbytes > most:
        raise ValueError(f"{one.name}: expected values that are in the file")
    return one[()]


def _no_other(at: str, one: Any, used: set[str]) -> None:
    if hasattr(one, "shape") and at not in used and not at.startswith("optimizer"):
        raise ValueError(f"{at} belongs to no Dense layer, and nothing is left out")


def write(weights: Weights, layout: str, net: Network | None) -> bytes:
    """A new Sequential model, made by Keras."""
    import keras

    layers = layers_of(weights)
    net = needed(net, layers, ".keras")
    theirs = ByActivation[Any](
        "activations of Keras",
        sigmoid="sigmoid",
        tanh="tanh",
        relu="relu",
        leaky_relu=keras.layers.LeakyReLU(LEAKY_SLOPE),
        identity="linear",
        softmax="softmax",
    )
    with catch_warnings():
        simplefilter("ignore")  # of casts, which are looked for when it is read again
        model = keras.Sequential([keras.Input((net.sizes[0],))])
        for one, size, g in zip(layers, net.sizes[1:], net.activations, strict=True):
            model.add(keras.layers.Dense(size, activation=theirs[g], dtype=str(one.W.dtype)))
        for dense, one in zip(model.layers, layers, strict=True):
            dense.set_weights([one.W, one.b])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def mark(data: bytes, mark: str) -> bytes:
    """The same file with a mark."""
    made = io.BytesIO(data)
    with zipfile.ZipFile(made, "a") as file:
        file.writestr(MARK, mark)
    return made.getvalue()


def replace(data: bytes, weights: Weights) -> bytes:
    """The same file with other values."""
    import h5py

    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as file, zipfile.ZipFile(made, "w") as new:
        places = _dense(json.loads(file.read("config.json")))
        for one in file.infolist():
            content = file.read(one)
            if one.filename == MARK:
                continue
            if one.filename == INSIDE:
                inside = io.BytesIO(content)
                with h5py.File(inside, "r+") as found:
                    for name, place in places.items():
                        for i, part in enumerate(("kernel", "bias")):
                            found[f"{place}/vars/{i}"][...] = weights[f"{name}/{part}"]
                content = inside.getvalue()
            new.writestr(one, content)
    return made.getvalue()


def _dense(config: Any) -> dict[str, str]:
    """The Dense layers of a Sequential model, and where their weights are."""
    if config.get("class_name") != "Sequential":
        raise ValueError(f"expected a Sequential model; got {config.get('class_name')}")
    found: dict[str, str] = {}
    for layer in config["config"]["layers"]:
        kind, name = layer["class_name"], layer["config"]["name"]
        if kind == "Dense":
            if name in found:
                raise ValueError(f"expected every layer once; {name} is there twice")
            number = f"_{len(found)}" if found else ""
            found[name] = f"layers/dense{number}"
        elif kind not in WITHOUT_WEIGHTS:
            raise ValueError(f"expected Dense layers; {name} is a {kind}, and nothing is left out")
    return found
