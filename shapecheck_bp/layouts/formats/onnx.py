"""ONNX: a graph of Gemms, or of MatMuls and Adds, and of activations, one after the other."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from shapecheck_bp.layouts.containers import arrays_of
from shapecheck_bp.layouts.formats.arrays import MARK
from shapecheck_bp.layouts.functions import IDENTITY, KNOWN, Activation, chained, number
from shapecheck_bp.layouts.record import Inspected
from shapecheck_bp.layouts.table import Named

LIBRARY, LAYOUTS = "onnx", ("onnx", "onnx_transB_0")
FLOATS = 1, 10, 11  # what ONNX calls float32, float16 and float64
SCALING = {"Scaler", "Sub", "Div", "Mul", "Add"}
DECIDING = {"ArgMax", "ZipMap", "Binarizer"}
LABELS = {*DECIDING, "ArrayFeatureExtractor", "Normalizer", "Concat", "Sub"}
LABELS |= {"Cast", "Reshape", "Identity"}


def read(file: Path, only: Any = None) -> Inspected:
    """What the nodes compute, each of which takes what the one before it gave, and nothing else."""
    from onnx import helper, numpy_helper

    model, first, nodes, labels = _opened(file)
    arrays = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    features = [one.dim_value for one in first.type.tensor_type.shape.dim][1:]
    layers: list[Named] = []
    turned: list[bool] = []
    activations: list[Activation] = []
    said: dict[str, bool] = {}
    before, at, last, flat = "", first.name, "", len(features) == 1
    for node in nodes:
        kind, bias = node.op_type, []
        names = [name for name in node.input if name in arrays]
        constants = [arrays[name] for name in names]
        options = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        came = {*node.input} - {*names, ""}
        if kind == "Mul" and last == "Sigmoid" and came == {before, at}:
            activations[-1] = Activation("silu")
        elif came != {at}:
            told = f"a chain of layers, whose {kind} takes {at} alone"
            raise ValueError(f"expected {told}; it takes {', '.join(sorted(came)) or 'none'}")
        elif kind in ("Gemm", "MatMul") and names and node.input[0] == at:
            if options.get("transA") or {options.get(one, 1) for one in ("alpha", "beta")} != {1}:
                raise ValueError("expected a Gemm with transA = 0, alpha = 1 and beta = 1")
            layers.append(Named(constants[0], None, (names[0], "")))
            turned.append(not options.get("transB"))
            activations.append(IDENTITY)
            bias = names[1:]
        elif kind == "Add" and last == "MatMul" and len(constants) == 1:
            bias = names
        elif kind in SCALING and not layers and (names or kind == "Scaler"):
            said[f"{kind}: X is scaled before the first W"] = True
        elif kind == "Reshape" or (kind, options.get("axis", 1)) == ("Flatten", 1):
            shape = constants[0].tolist() if constants else [0, -1] if kind == "Flatten" else []
            width = layers[-1].W.shape[turned[-1]] if layers else math.prod(features or [0])
            if layers and node is nodes[-1] and shape in ([-1], [-1, 1]):
                said |= {f"Reshape: the outputs become {shape}": True} if width > 1 else {}
            elif len(shape) != 2 or (width and shape[1] not in (width, -1)):
                raise ValueError(f"expected a Reshape to an example a row; got {shape}")
            elif not layers and not flat:
                said["X is flattened as the graph has it, row-major"] = flat = True
        elif kind == "Dropout" and not any(constants[1:]):
            said["Dropout, which does nothing in use"] = False
        elif not (kind == "Cast" and options["to"] in FLOATS):
            if options.get("axis") == 1 and flat:
                options["axis"] = -1
            chained(activations, _activation(kind, options, constants))
        for name in bias:
            b = arrays[name][0] if arrays[name].shape[:-1] == (1,) else arrays[name]
            layers[-1] = layers[-1]._replace(b=b, names=(layers[-1].names[0], name))
        before, at, last = at, node.output[0], kind
    if labels:
        told = ", ".join(sorted({node.op_type for node in labels}))
        said[f"after the last layer: {told}, which make labels"] = True
    elif at not in {one.name for one in model.graph.output}:
        raise ValueError(f"expected the chain to end in the output; it ends in {at}")
    if all(turned):
        return Inspected(layers, "onnx_transB_0", tuple(activations), said)
    ways = zip(layers, turned, strict=True)
    layers = [one._replace(W=one.W.T) if turn else one for one, turn in ways]
    return Inspected(layers, "onnx", tuple(activations), said)


def _opened(file: Path) -> tuple[Any, Any, list[Any], list[Any]]:
    """The model, its input, the nodes of the network, and those that make labels of its outputs.

    Constants are among the initializers, and values that lie beside the file are there too.
    """
    import onnx
    from onnx.external_data_helper import load_external_data_for_tensor, uses_external_data

    model = onnx.load(file, load_external_data=False)
    graph, folder = model.graph, file.parent
    for node in [*graph.node]:
        if node.domain not in ("", "ai.onnx", "ai.onnx.ml") or model.functions:
            raise ValueError(f"expected ONNX's own operators; got {node.domain}::{node.op_type}")
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            graph.initializer.add().CopyFrom(node.attribute[0].t)
            graph.initializer[-1].name = node.output[0]
            graph.node.remove(node)
    beside = [one for one in graph.initializer if uses_external_data(one)]
    words = [word for one in beside for word in one.external_data if word.key == "location"]
    files = {(folder / word.value).resolve() for word in words}
    if outside := [one for one in files if folder.resolve() not in one.parents]:
        raise ValueError(f"expected values in files of its folder; got {outside[0]}")
    left = sum(one.stat().st_size for one in files)
    for one in beside:
        load_external_data_for_tensor(one, str(folder))
        one.data_location = onnx.TensorProto.DEFAULT
        del one.external_data[:]
        left -= len(one.raw_data)
        if left < 0:
            raise ValueError(f"{one.name}: expected values that are its own")
    weights = {one.name for one in graph.initializer}
    inputs = [one for one in graph.input if one.name not in weights]
    kinds = [node.op_type for node in graph.node]
    end = 1 + max((i for i, kind in enumerate(kinds) if kind not in LABELS), default=-1)
    end = end if DECIDING & {*kinds[end:]} else len(kinds)
    return model, inputs[0], graph.node[:end], graph.node[end:]


def _activation(kind: str, options: dict[str, Any], constants: list[Any]) -> Activation:
    """What an operator is, of those that do the same to every example."""
    if kind == "Clip" and len(constants) == 2 and constants[0] == 0 and not options:
        return Activation("relu", number(constants[1]))
    for name, known in KNOWN.items():
        given = {**known.options, **options}
        parameter = given.pop("alpha", known.number)
        alike = given == known.options and (parameter is None) == (known.number is None)
        if kind == known.operator != "Mul" and alike and not constants:
            return Activation(name, None if parameter is None else number(parameter))
    told = ", ".join(f"{key}={one}" for key, one in options.items())
    raise ValueError(f"expected layers and activations; got {kind}({told})")


def write(file: Path, made: Inspected, mark: str, like: None) -> None:
    """A graph of Gemms and activations, and a mark; the number of examples is free."""
    from onnx import helper, numpy_helper, save

    transB, dtype = int(made.layout == "onnx"), made.layers[0].W.dtype
    initial = arrays_of(made.layers)
    nodes, at = [], "X"
    for i, (one, g) in enumerate(zip(made.layers, made.activations or (), strict=True), start=1):
        Z, A = f"Z{i}", "A" if one is made.layers[-1] else f"A{i}"
        nodes.append(helper.make_node("Gemm", [at, *one.names], [Z], transB=transB))
        known, inputs = KNOWN[g.name], [Z]
        operator, options = known.operator, dict(known.options)
        if g.name == "silu":
            inputs = [Z, f"S{i}"]
            nodes.append(helper.make_node("Sigmoid", [Z], [f"S{i}"]))
        elif g.name == "relu" and g.parameter is not None:
            operator, inputs = "Clip", [Z, f"{A}_least", f"{A}_most"]
            initial |= zip(inputs[1:], np.array([0, g.parameter], dtype), strict=True)
        elif known.number is not None:
            options["alpha"] = g.parameter
        nodes.append(helper.make_node(operator, inputs, [A], **options))
        at = A
    kind = helper.np_dtype_to_tensor_dtype(dtype)
    sizes = {"X": made.layers[0].W.shape[transB], "A": made.layers[-1].W.shape[1 - transB]}
    ends = [helper.make_tensor_value_info(one, kind, ["m", n]) for one, n in sizes.items()]
    tensors = [numpy_helper.from_array(np.asarray(one), name) for name, one in initial.items()]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], tensors)
    opset = [helper.make_opsetid("", 20)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    helper.set_model_props(model, {MARK: mark})
    save(model, file)


def run(file: Path, X: Any) -> tuple[Any, str]:
    """The outputs where the graph's chain ends, by the reference of ONNX itself."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    model, first, nodes, _ = _opened(file)
    del model.graph.node[len(nodes) :]
    m, *dims = [dim.dim_value for dim in first.type.tensor_type.shape.dim] or [0, 0]
    blocks = np.resize(X, (-(-len(X) // (m or len(X))), m or len(X), *X.shape[1:]))
    reference: Any = ReferenceEvaluator(model)
    outputs = []
    for block in blocks:  # of as many examples as the graph wants; the last one may be filled up
        shaped = block.reshape(len(block), *(size or -1 for size in dims))
        (A,) = reference.run([nodes[-1].output[0]], {first.name: shaped})
        outputs.append(A.reshape(len(block), -1))
    return np.concatenate(outputs)[: len(X)], f"the reference of onnx {onnx.__version__}"
