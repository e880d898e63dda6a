"""Keras' .keras: a zip with a Sequential model's layers as JSON, and their weights as HDF5."""

import io
import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from warnings import catch_warnings, simplefilter

from shapecheck_bp.layouts.containers import Named, layers_of
from shapecheck_bp.layouts.formats.contents import MARK, Activations, Contents, Weights, zipped
from shapecheck_bp.layouts.functions import IDENTITY, Activation, chained, number
from shapecheck_bp.layouts.order import natural

LAYOUTS = ("keras",)
INSIDE = "model.weights.h5"
FOLDERS = "layers", "_layer_checkpoint_dependencies"  # of Keras 3, and of 2.12 and 2.13
IN_TRAINING = ("Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout")
NAMES = {
    "linear": IDENTITY,
    "leaky_relu": Activation("leaky_relu", 0.2),  # the function's; the layer's is 0.3
    "relu6": Activation("relu", 6.0),
    "elu": Activation("elu", 1.0),
    "swish": Activation("silu"),
}
"""What Keras calls them, where that is not their name here; others are carried by their name."""


def read(data: bytes, folder: Path, only: Any = None) -> Contents:
    """The Dense layers of a Sequential model in their order, and their activations."""
    import h5py

    with zipped(data) as file:
        dense, activations, said = _model(json.loads(file.read("config.json")))
        told = json.loads(file.read(MARK)) if MARK in file.namelist() else {}
        inside = file.read(INSIDE)
    layers: list[Named] = []
    with h5py.File(io.BytesIO(inside), "r") as found:
        places = _places(found, dense)
        for (name, own), place in zip(dense.items(), places, strict=True):
            wanted = ["0", "1"] if own.get("use_bias", True) else ["0"]
            variables = found[f"{place}/vars"]
            if sorted(variables) != wanted:
                told = ", ".join(variables) or "none"
                raise ValueError(f"{name}: expected a kernel and a bias; got variables {told}")
            W, *b = (_stored(variables, i, len(inside)) for i in wanted)
            if W.shape[1:] != (own["units"],):
                raise ValueError(f"{name}: expected {own['units']} units; got W {W.shape}")
            layers.append(Named(W, b[0] if b else None, (f"{name}/kernel", f"{name}/bias")))
        found.visititems(lambda at, one: _no_other(at, one, places))
    return Contents(layers, None, "keras", told.get("sha256"), tuple(activations), said)


def _places(found: Any, dense: dict[str, Any]) -> list[str]:
    """Where the weights of each Dense layer are: dense, dense_1, …, or dense, dense_2, …."""
    folder = next((one for one in FOLDERS if one in found), FOLDERS[0])
    names = [one for one in found[folder] if one.split("_")[0] == "dense"]
    names = [one for one in names if {*found[f"{folder}/{one}/vars"]}]
    if len(names) != len(dense):
        raise ValueError(f"expected weights of {len(dense)} Dense layers; got {len(names)}")
    return [f"{folder}/{one}" for one in sorted(names, key=natural)]


def _stored(variables: Any, name: str, most: int) -> Any:
    """An array that is in the file itself, and no larger than it."""
    import h5py

    one = variables[name]
    inside = isinstance(variables.get(name, getlink=True), h5py.HardLink) and not one.external
    if not inside or one.nbytes > most:
        raise ValueError(f"{one.name}: expected values that are in the file")
    return one[()]


def _no_other(at: str, one: Any, places: list[str]) -> None:
    ours = at.rpartition("/vars/")[0] in places or at.startswith("optimizer")
    if hasattr(one, "shape") and not ours:
        raise ValueError(f"{at} belongs to no Dense layer, and nothing is left out")


def new(weights: Weights, layout: str, activations: Activations) -> bytes:
    """A new Sequential model, made by Keras."""
    try:
        import keras
    except ImportError as error:
        raise ValueError(
            f"a new .keras file is made by Keras, which is not here: {error}"
        ) from None
    made: dict[str, Any] = {
        "leaky_relu": lambda slope: keras.layers.LeakyReLU(negative_slope=slope),
        "elu": lambda alpha: keras.layers.ELU(alpha=alpha),
        "relu": lambda most: keras.layers.ReLU(max_value=most),
    }
    layers = layers_of(weights)
    with catch_warnings(), TemporaryDirectory() as folder:
        simplefilter("ignore")  # of casts, which are looked for when it is read again
        model = keras.Sequential([keras.Input((layers[0].W.shape[0],))])
        for one, g in zip(layers, activations, strict=True):
            name = "linear" if g == IDENTITY or g.parameter is not None else g.name
            try:
                model.add(keras.layers.Dense(one.W.shape[1], name, dtype=str(one.W.dtype)))
            except (ValueError, TypeError):
                raise ValueError(f"activations of Keras: none of them is {g}") from None
            model.layers[-1].set_weights([array for _, array in one.arrays()])
            if g.parameter is not None:
                model.add(made[g.name](g.parameter))
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def fill(data: bytes, folder: Path, weights: Weights, mark: str | None) -> bytes:
    """The same file with other values, and a mark."""
    import h5py

    made = io.BytesIO()
    with zipped(data) as file, zipfile.ZipFile(made, "w") as new:
        dense, *_ = _model(json.loads(file.read("config.json")))
        for one in file.infolist():
            content = file.read(one)
            if one.filename == INSIDE:
                inside = io.BytesIO(content)
                with h5py.File(inside, "r+") as found:
                    for name, place in zip(dense, _places(found, dense), strict=True):
                        for i, array in found[f"{place}/vars"].items():
                            array[...] = weights[f"{name}/{('kernel', 'bias')[int(i)]}"]
                content = inside.getvalue()
            if one.filename != MARK:
                new.writestr(one, content)
        if mark is not None:
            new.writestr(MARK, mark)
    return made.getvalue()


def run(data: bytes, X: Any, folder: Path) -> tuple[Any, str]:
    """The outputs of the model, by Keras."""
    import keras

    with TemporaryDirectory() as place:
        path = Path(place) / "model.keras"
        path.write_bytes(data)
        model = keras.saving.load_model(path, compile=False)
    shaped = X.reshape(len(X), *model.input_shape[1:])
    return keras.ops.convert_to_numpy(model(shaped)), f"Keras {keras.__version__}"


def _model(config: Any) -> tuple[dict[str, Any], list[Activation], dict[str, bool]]:
    """The Dense layers of a Sequential model, their activations, and what else it does."""
    if config.get("class_name") != "Sequential":
        raise ValueError(
            f"expected a Sequential model; got {config.get('class_name')}; where its layers follow"
            " one another, keras.Sequential(model.layers) is one"
        )
    dense: dict[str, Any] = {}
    activations: list[Activation] = []
    said = {}
    for layer in config["config"]["layers"]:
        kind, own = layer["class_name"], layer["config"]
        name = own["name"]
        if kind == "Dense":
            if name in dense:
                raise ValueError(f"expected every layer once; {name} is there twice")
            dense[name] = own
            chained(activations, IDENTITY, len(dense))
            chained(activations, _activation("Activation", name, own), len(dense))
        elif kind in IN_TRAINING:
            said[f"{name}, a {kind}, which does nothing in use"] = False
        elif kind == "Rescaling" and not dense:
            said[f"{name}: X is {own['scale']} X + {own['offset']} before the first W"] = True
        elif kind == "Flatten" and not dense:
            said[f"{name}: X is flattened as Keras has it, channels last"] = True
        elif kind not in ("InputLayer", "Flatten"):
            chained(activations, _activation(kind, name, own), len(dense))
    return dense, activations, said


def _activation(kind: str, name: str, own: Any) -> Activation:
    """What an activation is: a layer of its own, or a Dense's, which is a name or a layer."""
    if kind == "Activation":
        inner = own.get("activation", "linear")
        if isinstance(inner, str):
            return NAMES.get(inner, Activation(inner))
        kind, own = str(inner.get("class_name")), inner.get("config")
    if kind == "LeakyReLU":
        return Activation("leaky_relu", number(own.get("negative_slope", own.get("alpha", 0.3))))
    if kind == "ELU":
        return Activation("elu", number(own.get("alpha", 1.0)))
    if kind == "ReLU" and not own.get("threshold"):
        slope, most = own.get("negative_slope") or 0, own.get("max_value")
        if most is None or not slope:
            relu = Activation("relu", None if most is None else number(most))
            return Activation("leaky_relu", number(slope)) if slope else relu
    if kind == "Softmax" and own.get("axis", -1) in (-1, 1):
        return Activation("softmax")
    raise ValueError(
        f"expected Dense layers and activations that can be carried; {name} is a {kind}, and"
        " nothing is left out"
    )
