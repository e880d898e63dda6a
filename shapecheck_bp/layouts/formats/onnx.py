"""ONNX: a graph of Gemms, or of MatMuls and Adds, and of activations, one after the other."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shapecheck_bp.layouts.containers import Named, arrays_of
from shapecheck_bp.layouts.formats.arrays import MARK
from shapecheck_bp.layouts.functions import IDENTITY, KNOWN, Activation, chained, number
from shapecheck_bp.layouts.inspection import Inspected

LIBRARY, LAYOUTS = "onnx", ("onnx", "onnx_transB_0")
FLOATS = 1, 10, 11  # what ONNX calls float32, float16 and float64
SCALING = {"Scaler", "Sub", "Div", "Mul", "Add"}
DECIDING = {"ArgMax", "ZipMap", "Binarizer"}
LABELS = {*DECIDING, "ArrayFeatureExtractor", "Normalizer", "Concat", "Sub"}
LABELS |= {"Cast", "Reshape", "Identity"}
ML = {"Scaler", "ZipMap", "Binarizer", "ArrayFeatureExtractor", "Normalizer"}  # of another domain


def read(file: Path, only: Any = None) -> Inspected:
    """What the nodes compute, each of which takes what the one before it gave, and nothing else."""
    from onnx import helper, numpy_helper

    graph = _opened(file).graph
    arrays = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    first = _input(graph)
    features = [one.dim_value for one in first.type.tensor_type.shape.dim][1:]
    nodes, labels = graph.node[: _end(graph)], graph.node[_end(graph) :]
    layers: list[Named] = []
    activations: list[Activation] = []
    said: dict[str, bool] = {}
    before, at, last, flat = "", first.name, "", len(features) == 1
    for node in nodes:
        kind = node.op_type
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
            layer = Named(constants[0], None, (names[0], ""), not options.get("transB"))
            layers.append(_with_bias(layer, names[1], constants[1]) if names[1:] else layer)
            activations.append(IDENTITY)
        elif kind == "Add" and last == "MatMul" and len(constants) == 1:
            layers[-1] = _with_bias(layers[-1], names[0], constants[0])
        elif kind in SCALING and not layers and (names or kind in ML):
            said[f"{kind}: X is scaled before the first W"] = True
        elif kind == "Reshape" or (kind, options.get("axis", 1)) == ("Flatten", 1):
            shape = constants[0].tolist() if constants else [0, -1] if kind == "Flatten" else []
            width = layers[-1].W.shape[layers[-1].turned] if layers else math.prod(features or [0])
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
        before, at, last = at, node.output[0], kind
    if labels:
        told = ", ".join(sorted({node.op_type for node in labels}))
        said[f"after the last layer: {told}, which make labels"] = True
    elif at not in {one.name for one in graph.output}:
        raise ValueError(f"expected the chain to end in the output; it ends in {at}")
    weights = [name for one in layers for name, _ in one.arrays()]
    unused = {*arrays} - {name for node in graph.node for name in node.input}
    if len({*weights}) != len(weights) or unused:
        odd = min(unused, default="a weight that is used twice")
        raise ValueError(f"expected weights of its own for every layer, and no others; {odd}")
    if all(one.turned for one in layers):
        layers = [one._replace(turned=False) for one in layers]
        return Inspected(layers, "onnx_transB_0", tuple(activations), said)
    return Inspected(layers, "onnx", tuple(activations), said)


def _opened(file: Path) -> Any:
    """The model, with constants among its initializers, and with what lies beside it."""
    import onnx
    from onnx.external_data_helper import load_external_data_for_tensor, uses_external_data

    model = onnx.load(file, load_external_data=False)
    graph, folder = model.graph, file.parent
    for node in [*graph.node]:
        own = {"ai.onnx.ml"} if node.op_type in ML else {"", "ai.onnx"}
        if node.domain not in own or model.functions:
            raise ValueError(f"expected ONNX's own operators; got {node.domain}::{node.op_type}")
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            graph.initializer.add().CopyFrom(node.attribute[0].t)
            graph.initializer[-1].name = node.output[0]
            graph.node.remove(node)
    beside = [one for one in graph.initializer if uses_external_data(one)]
    names = {word.value for one in beside for word in one.external_data if word.key == "location"}
    files = [(folder / name).resolve() for name in names]
    if not all(folder.resolve() in one.parents for one in files):
        raise ValueError(f"expected values in files of its folder; got {', '.join(names)}")
    left = sum(one.stat().st_size for one in files)
    for one in beside:
        load_external_data_for_tensor(one, str(folder))
        one.data_location = onnx.TensorProto.DEFAULT
        del one.external_data[:]
        left -= len(one.raw_data)
        if left < 0:
            raise ValueError(f"{one.name}: expected values of its own in {', '.join(names)}")
    return model


def _input(graph: Any) -> Any:
    """The one input, of those that are no weights."""
    weights = {one.name for one in graph.initializer}
    inputs = [one for one in graph.input if one.name not in weights]
    if len(inputs) != 1:
        raise ValueError(f"expected a graph with one input; got {len(inputs)}")
    return inputs[0]


def _end(graph: Any) -> int:
    """How many nodes the network has, before those that make labels of its outputs, if any do."""
    kinds = [node.op_type for node in graph.node]
    end = 1 + max((i for i, kind in enumerate(kinds) if kind not in LABELS), default=-1)
    return end if DECIDING & {*kinds[end:]} else len(kinds)


def _with_bias(layer: Named, name: str, b: Any) -> Named:
    """A layer with its bias, which may be a row."""
    is_row = b.ndim == 2 and len(b) == 1
    return layer._replace(b=b[0] if is_row else b, names=(layer.names[0], name))


def _activation(kind: str, options: dict[str, Any], constants: list[Any]) -> Activation:
    """What an operator is, of those that do the same to every example."""
    if kind == "Clip" and len(constants) == 2 and constants[0] == 0 and not options:
        return Activation("relu", number(constants[1]))
    for name, (_, operator, usual) in KNOWN.items():
        alpha = options.get("alpha", usual.get("alpha"))
        found = {**usual, **options} | ({"alpha": usual["alpha"]} if "alpha" in usual else {})
        if kind == operator != "Mul" and found == usual and not constants:
            return Activation(name, None if alpha is None else number(alpha))
    told = ", ".join(f"{key}={one}" for key, one in options.items())
    raise ValueError(f"expected layers and activations; got {kind}({told})")


def write(
    file: Path, layers: Any, layout: str, activations: Any, mark: str, like: Path | None
) -> None:
    """A model with these values, which are all in it, and a mark, if the one it is like has it."""
    import onnx
    from onnx import numpy_helper

    model = _opened(like) if like else _new(layers, layout, activations)
    arrays = arrays_of(one._replace(W=one.W.T) if one.turned else one for one in layers)
    for one in model.graph.initializer:
        if one.name in arrays:
            array = np.ascontiguousarray(arrays[one.name]).reshape(one.dims)
            one.CopyFrom(numpy_helper.from_array(array, one.name))
    others = {one.key: one.value for one in model.metadata_props}
    if not like or MARK in others:
        onnx.helper.set_model_props(model, {**others, MARK: mark})
    onnx.save(model, file)


def _new(layers: Sequence[Named], layout: str, activations: Any) -> Any:
    """A graph of Gemms and activations; the number of examples is free."""
    from onnx import helper, numpy_helper

    initial = [numpy_helper.from_array(array, name) for name, array in arrays_of(layers).items()]
    nodes, at = [], "X"
    for i, (one, g) in enumerate(zip(layers, activations, strict=True), start=1):
        Z, A = f"Z{i}", "A" if i == len(layers) else f"A{i}"
        nodes.append(helper.make_node("Gemm", [at, *one.names], [Z], transB=int(layout == "onnx")))
        _, operator, usual = KNOWN[g.name]
        options = {"alpha": g.parameter} if "alpha" in usual else usual
        inputs = [Z]
        if g.name == "silu":
            inputs = [Z, f"S{i}"]
            nodes.append(helper.make_node("Sigmoid", [Z], [f"S{i}"]))
        elif g.name == "relu" and g.parameter is not None:
            operator, inputs = "Clip", [Z, f"{A}_least", f"{A}_most"]
            for name, limit in zip(inputs[1:], (0, g.parameter), strict=True):
                initial.append(numpy_helper.from_array(np.array(limit, one.W.dtype), name))
        nodes.append(helper.make_node(operator, inputs, [A], **options))
        at = A
    sizes = layers[0].W.shape[layout == "onnx"], layers[-1].W.shape[layout != "onnx"]
    kind = helper.np_dtype_to_tensor_dtype(layers[0].W.dtype)
    ends = [
        helper.make_tensor_value_info(name, kind, ["m", size])
        for name, size in zip("XA", sizes, strict=True)
    ]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], initial)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def run(file: Path, X: Any) -> tuple[Any, str]:
    """The outputs where the graph's chain ends, by the reference of ONNX itself."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    model = _opened(file)
    del model.graph.node[_end(model.graph) :]
    first, end = _input(model.graph), model.graph.node[-1].output[0]
    kind = first.type.tensor_type
    dims = [dim.dim_value for dim in kind.shape.dim] or [0, 0]
    block = dims[0] or len(X)
    whole = np.resize(X, (len(X) + -len(X) % block, *X.shape[1:]))
    blocks = whole.astype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)).reshape(
        -1, block, *(size or -1 for size in dims[1:])
    )
    reference: Any = ReferenceEvaluator(model)
    A = [reference.run([end], {first.name: part})[0].reshape(block, -1) for part in blocks]
    return np.concatenate(A)[: len(X)], f"the reference of onnx {onnx.__version__}"
