"""Keras' .keras: a zip with a Sequential model's layers as JSON, and their weights as HDF5.

It is read without Keras, whose own reader may run code. A new one is made by Keras.
"""

import io
import json
from pathlib import Path
from typing import Any

from shapecheck_bp.layouts.formats.arrays import zipped
from shapecheck_bp.layouts.functions import IDENTITY, Activation, chained, number
from shapecheck_bp.layouts.record import Inspected
from shapecheck_bp.layouts.table import Named

LIBRARY, LAYOUTS = "h5py", ("keras",)
NAMES = {
    "linear": IDENTITY,
    "leaky_relu": Activation("leaky_relu", 0.2),  # the function's; the layer's is 0.3
    "relu6": Activation("relu", 6.0),
    "elu": Activation("elu", 1.0),
    "swish": Activation("silu"),
}
"""What Keras calls them, where that is not their name here; others are carried by their name."""
LAYERS = {
    "LeakyReLU": ("leaky_relu", "negative_slope"),
    "ELU": ("elu", "alpha"),
    "ReLU": ("relu", "max_value"),
}
"""Activations that are layers: our name, and what Keras calls their number."""
IN_TRAINING = ("Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout")


def read(file: Path, only: Any = None) -> Inspected:
    """The Dense layers of a Sequential model in their order, and their activations."""
    import h5py

    with zipped(file) as parts:
        dense, activations, said = _model(json.loads(parts.read("config.json")))
        inside = parts.read("model.weights.h5")
    stored = []
    with h5py.File(io.BytesIO(inside), "r") as h5:
        place = h5.get("layers") or h5["_layer_checkpoint_dependencies"]  # before Keras 3
        dense_ones = sorted((len(one), one) for one in place if one.split("_")[0] == "dense")
        for _, folder in dense_ones:  # dense, dense_1, …, dense_10
            variables, arrays = place[f"{folder}/vars"], []
            for name, one in sorted(variables.items()):
                link = variables.get(name, getlink=True)
                is_linked = one.file != h5 or not isinstance(link, h5py.HardLink)
                if is_linked or one.external or one.is_virtual or one.nbytes > len(inside):
                    raise ValueError(f"{one.name}: expected values that are in the file")
                arrays.append(one[()])
            stored += [arrays] if arrays else []
    if (came := [len(one) for one in stored]) != [1 + has_bias for has_bias in dense.values()]:
        raise ValueError(f"expected a kernel for each Dense, and its bias; got {came} arrays")
    layers = [
        Named(one[0], one[1] if one[1:] else None, (f"{name}/kernel", f"{name}/bias"))
        for name, one in zip(dense, stored, strict=True)
    ]
    return Inspected(layers, "keras", tuple(activations), said)


def write(file: Path, made: Inspected, mark: str, like: None) -> None:
    """A new Sequential model. It takes no mark: a zip has sums of its own."""
    import keras

    kinds = {ours: (kind, number_of) for kind, (ours, number_of) in LAYERS.items()}
    model = keras.Sequential([keras.Input((made.layers[0].W.shape[0],))])
    for one, g in zip(made.layers, made.activations or (), strict=True):
        function: Any = "linear" if g == IDENTITY else g.name
        if g.parameter is not None:
            kind, number_of = kinds[g.name]
            function = getattr(keras.layers, kind)(**{number_of: g.parameter})
        model.add(keras.layers.Dense(one.W.shape[1], function, dtype=str(one.W.dtype)))
    model.set_weights([array for one in made.layers for array in (one.W, one.b)])
    model.save(file)


def run(file: Path, X: Any) -> tuple[Any, str]:
    """The outputs of the model, by Keras."""
    import keras

    model = keras.saving.load_model(file, compile=False)
    shaped = X.reshape(len(X), *model.input_shape[1:])
    return keras.ops.convert_to_numpy(model(shaped)), f"Keras {keras.__version__}"


def _model(config: Any) -> tuple[dict[str, bool], list[Activation], dict[str, bool]]:
    """The Dense layers of a Sequential model, whether each has a bias, and what else it does."""
    if config.get("class_name") != "Sequential":
        told = f"{config.get('class_name')}; keras.Sequential(model.layers) may make it one"
        raise ValueError(f"expected a Sequential model; got {told}")
    dense: dict[str, bool] = {}
    activations: list[Activation] = []
    said = {}
    for layer in config["config"]["layers"]:
        kind, own = layer["class_name"], layer["config"]
        name = own["name"]
        if kind == "Dense":
            dense[name] = own.get("use_bias", True)
            activations.append(IDENTITY)
            kind = "Activation"  # its own comes next
        if kind in IN_TRAINING:
            said[f"{name}, a {kind}, which does nothing in use"] = False
        elif kind == "Rescaling" and not dense:
            said[f"{name}: X is {own['scale']} X + {own['offset']} before the first W"] = True
        elif kind == "Flatten" and not dense:
            said[f"{name}: X is flattened as Keras has it, channels last"] = True
        elif kind not in ("InputLayer", "Flatten"):
            chained(activations, _activation(kind, name, own))
    return dense, activations, said


def _activation(kind: str, name: str, own: Any) -> Activation:
    """What an activation is: a layer of its own, or a Dense's, which is a name or a layer."""
    if kind == "Activation":
        inner = own.get("activation", "linear")
        if isinstance(inner, str):
            return NAMES.get(inner, Activation(inner))
        kind, own = str(inner.get("class_name")), inner.get("config") or {}
    others = own.get("threshold") or (kind == "ReLU" and own.get("negative_slope"))
    if kind in LAYERS and not others:
        ours, parameter = LAYERS[kind]
        value = own[parameter] if parameter in own else own["alpha"]  # Keras 2 calls them all alpha
        return Activation(ours, None if value is None else number(value))
    if kind == "Softmax" and own.get("axis", -1) in (-1, 1):
        return Activation("softmax")
    told = f"{name} is a {kind}, and nothing is left out"
    raise ValueError(f"expected Dense layers and activations that can be carried; {told}")
