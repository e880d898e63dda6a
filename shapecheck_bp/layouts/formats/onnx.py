"""ONNX: a graph of Gemms, or of MatMuls and Adds, and of activations."""

import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from shapecheck_bp.activations import LEAKY_SLOPE, ByActivation
from shapecheck_bp.layouts.containers import Named, layers_of
from shapecheck_bp.layouts.formats.contents import MARK, Activations, Contents, Weights
from shapecheck_bp.layouts.functions import IDENTITY, Activation, chained, number

LAYOUTS = ("onnx", "onnx_transB_0")
OPERATORS = ByActivation[tuple[str, dict[str, Any]]](
    "operators of ONNX",
    sigmoid=("Sigmoid", {}),
    tanh=("Tanh", {}),
    relu=("Relu", {}),
    leaky_relu=("LeakyRelu", {"alpha": LEAKY_SLOPE}),
    identity=("Identity", {}),
    softmax=("Softmax", {"axis": -1}),
    log_softmax=("LogSoftmax", {"axis": -1}),
    elu=("Elu", {"alpha": 1.0}),
    selu=("Selu", {}),
    gelu=("Gelu", {"approximate": b"none"}),
    gelu_tanh=("Gelu", {"approximate": b"tanh"}),
    softsign=("Softsign", {}),
    silu=("Mul", {}),  # of Z and its Sigmoid
)
"""With the attributes that they have where a graph says nothing."""

FLOATS = 1, 10, 11  # what ONNX calls float32, float16 and float64
SCALING = {"Scaler", "Sub", "Div", "Mul", "Add"}
ML = {"Scaler", "ZipMap", "ArrayFeatureExtractor", "Normalizer"}  # of a domain of their own
LABELS = {"ArgMax", "ZipMap", "ArrayFeatureExtractor", "Normalizer", "Cast", "Reshape", "Identity"}
LABELS |= {"Sub", "Concat"}
FLAT = "X is flattened as the graph has it, row-major"
Chain: TypeAlias = tuple[list[tuple[str, str, bool]], list[Activation], dict[str, bool], str]
"""Names of W and b, "" for none, and whether W is (n_out, n_in); activations; effects; its end."""


def read(data: bytes, folder: Path, only: Any = None) -> Contents:
    """The W and b of every layer in the order of the graph, as a Gemm with transB = 1 has them."""
    from onnx import numpy_helper

    model = _opened(data, folder)
    arrays = {one.name: one for one in model.graph.initializer}
    chain, activations, said, _ = _chain(model)
    layers = []
    for W, b, transposed in chain:
        matrix = numpy_helper.to_array(arrays[W])
        bias = numpy_helper.to_array(arrays[b]).reshape(-1) if b else None
        layers.append(Named(matrix if transposed else matrix.T, bias, (W, b), not transposed))
    mark = {one.key: one.value for one in model.metadata_props}.get(MARK, "{}")
    sha256 = json.loads(mark).get("sha256")
    return Contents(layers, None, "onnx", sha256, tuple(activations), said)


def _opened(data: bytes, folder: Path) -> Any:
    """The model, with constants among its initializers, and with what lies beside it."""
    import onnx

    model = onnx.load_model_from_string(data)
    graph = model.graph
    for node in [*graph.node]:
        own = {"ai.onnx.ml"} if node.op_type in ML else {"", "ai.onnx"}
        if node.domain not in own or model.functions:
            raise ValueError(f"expected ONNX's own operators; got {node.domain}::{node.op_type}")
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            graph.initializer.add().CopyFrom(node.attribute[0].t)
            graph.initializer[-1].name = node.output[0]
            graph.node.remove(node)
    beside: dict[Path, bytes] = {}
    left = 0
    for one in graph.initializer:
        if one.data_location != onnx.TensorProto.EXTERNAL:
            continue
        where = {entry.key: entry.value for entry in one.external_data}
        file = (folder / where["location"]).resolve()
        if not file.is_file() or folder.resolve() not in file.parents:
            raise ValueError(f"{one.name}: expected values in {file.name}, a file in its folder")
        if file not in beside:
            beside[file] = file.read_bytes()
            left += len(beside[file])
        start, size = int(where.get("offset", 0)), int(where.get("length", len(beside[file])))
        left -= size
        if min(start, size, left, len(beside[file]) - start - size) < 0:
            raise ValueError(f"{one.name}: expected values of its own inside {file.name}")
        one.raw_data = beside[file][start : start + size]
        one.data_location = onnx.TensorProto.DEFAULT
        del one.external_data[:]
    return model


def _chain(model: Any) -> Chain:
    """From input to output, a chain of layers, each with weights of its own, and of activations."""
    from onnx import helper, numpy_helper

    graph = model.graph
    nodes = [*graph.node]
    arrays = {one.name: one for one in graph.initializer}
    inputs = [one for one in graph.input if one.name not in arrays]
    if len(inputs) != 1:
        raise ValueError(f"expected a graph with one input; got {len(inputs)}")
    features = [one.dim_value for one in inputs[0].type.tensor_type.shape.dim][1:]
    takers, left, used = defaultdict(list), {*range(len(nodes))}, set()
    for i, node in enumerate(nodes):
        for name in {*node.input} - {*arrays}:
            takers[name].append(i)
    at, width, labels = inputs[0].name, 0, any(node.op_type == "ArgMax" for node in nodes)
    layers: list[tuple[str, str, bool]] = []
    activations: list[Activation] = []
    said: dict[str, bool] = {}
    others = sum(node.op_type not in LABELS for node in nodes)

    def take(i: int) -> Any:
        nonlocal others
        left.remove(i)
        others -= nodes[i].op_type not in LABELS
        used.update({*nodes[i].input} & {*arrays})
        return nodes[i]

    while left and not (layers and labels and not others):
        here = [i for i in takers[at] if i in left]
        if len(here) == 2 and {nodes[i].op_type for i in here} == {"Sigmoid", "Mul"}:
            sigmoid, node = sorted(map(take, here), key=lambda one: one.op_type != "Sigmoid")
            if {*node.input} == {at, *sigmoid.output}:
                chained(activations, Activation("silu"), len(layers))
                at = node.output[0]
                continue
        if len(here) != 1:
            raise ValueError(f"expected a chain of layers; {at} goes to {len(here)} nodes")
        node = take(here[0])
        kind, names = node.op_type, [name for name in node.input if name not in (at, "")]
        options = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        constants = [numpy_helper.to_array(arrays[one]) for one in names if one in arrays]
        constant = len(constants) == len(names)
        is_layer = names and names[0] in arrays and constants[0].ndim == 2 and node.input[0] == at
        if kind in ("Gemm", "MatMul") and is_layer:
            scales = {options.get(one, 1.0) for one in ("alpha", "beta")}
            if options.get("transA") or scales != {1.0}:
                raise ValueError("expected a Gemm with transA = 0, alpha = 1 and beta = 1")
            add = [i for i in takers[node.output[0]] if kind == "MatMul"]
            if len(add) == 1 and nodes[add[0]].op_type == "Add":
                names += {*nodes[add[0]].input} & {*arrays}
                node = take(add[0]) if len(names) == 2 else node
            transposed, b = bool(options.get("transB")), "".join(names[1:])
            width = constants[0].shape[not transposed]
            dims = tuple(arrays[b].dims) if b in arrays else ()
            if b and dims not in ((width,), (1, width)):
                raise ValueError(f"expected a bias of {width}; {b} is {dims}")
            layers.append((names[0], b, transposed))
            chained(activations, IDENTITY, len(layers))
        elif kind in SCALING and constant and not layers and (names or kind in ML):
            said[f"{kind}: X is scaled before the first W"] = True
        elif kind == "Flatten" and options.get("axis", 1) == 1:
            said |= {} if layers or len(features) == 1 else {FLAT: True}
        elif kind == "Reshape" and constant:
            shape, size = constants[0].tolist(), width or (math.prod(features) if features else 0)
            if layers and not left and shape in ([-1], [-1, 1]):
                said |= {f"Reshape: the outputs become {shape}": True} if size > 1 else {}
            elif len(shape) != 2 or (size and shape[1] not in (size, -1)):
                raise ValueError(f"expected a Reshape to an example a row; got {shape}")
            elif not layers and len(features) != 1:
                said[FLAT] = True
        elif kind == "Dropout" and constant and not any(constants[1:]):
            said["Dropout, which does nothing in use"] = False
        elif not (kind == "Cast" and options["to"] in FLOATS):
            if options.get("axis") == 1 and (len(features) == 1 or FLAT in said):
                options["axis"] = -1
            found = _activation(kind, options, constants if constant else None)
            chained(activations, found, len(layers))
        at = node.output[0]
    if not layers:
        raise ValueError("expected layers, Gemm or MatMul; got none")
    if left:
        told = ", ".join(sorted({nodes[i].op_type for i in left}))
        said[f"after the last layer: {told}, which make labels"] = True
        used.update({name for i in left for name in nodes[i].input} & {*arrays})
    elif at not in {one.name for one in graph.output}:
        raise ValueError(f"expected the chain to end in the output; it ends in {at}")
    weights = [name for layer in layers for name in layer[:2] if name]
    if len({*weights}) != len(weights) or used != {*arrays}:
        odd = sorted(used ^ {*arrays}) or ["a weight that is used twice"]
        raise ValueError(f"expected weights of its own for every layer, and no others; {odd[0]}")
    return layers, activations, said, at


def _activation(kind: str, options: dict[str, Any], constants: list[Any] | None) -> Activation:
    """What an operator is, of those that do the same to every example."""
    if kind == "Clip" and constants and len(constants) == 2 and constants[0] == 0:
        return Activation("relu", number(constants[1]))
    for name, (operator, usual) in OPERATORS.items():
        alpha = options.get("alpha", usual.get("alpha"))
        found = {**usual, **options} | ({"alpha": usual["alpha"]} if "alpha" in usual else {})
        if kind == operator != "Mul" and found == usual and constants == []:
            return Activation(name, None if alpha is None else number(alpha))
    told = ", ".join(f"{key}={one}" for key, one in options.items())
    raise ValueError(f"expected layers and activations; got {kind}({told})")


def new(weights: Weights, layout: str, activations: Activations) -> bytes:
    """A new graph of Gemms and activations; the number of examples is free."""
    import onnx
    from onnx import helper, numpy_helper

    layers: list[Named] = layers_of(weights)
    initial = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    kind = helper.np_dtype_to_tensor_dtype(layers[0].W.dtype)
    nodes, at = [], "X"
    for i, (one, g) in enumerate(zip(layers, activations, strict=True), start=1):
        Z, A = f"Z{i}", "A" if i == len(layers) else f"A{i}"
        names = [name for name, _ in one.arrays()]
        nodes.append(helper.make_node("Gemm", [at, *names], [Z], transB=int(layout == "onnx")))
        operator, options = OPERATORS[g.name]
        options = options | ({"alpha": g.parameter} if "alpha" in options else {})
        limits = {}
        if g.name == "relu" and g.parameter is not None:
            operator, limits = "Clip", {f"{A}_least": 0, f"{A}_most": g.parameter}
        if g.name == "silu":
            nodes.append(helper.make_node("Sigmoid", [Z], [f"S{i}"]))
        for name, limit in limits.items():
            initial.append(numpy_helper.from_array(np.array(limit, one.W.dtype), name))
        beside = [f"S{i}"] if g.name == "silu" else [*limits]
        nodes.append(helper.make_node(operator, [Z, *beside], [A], **options))
        at = A
    sizes = layers[0].W.shape[layout == "onnx"], layers[-1].W.shape[layout != "onnx"]
    ends = [
        helper.make_tensor_value_info(name, kind, ["m", size])
        for name, size in zip("XA", sizes, strict=True)
    ]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], initial)
    opset = 20 if any(node.op_type == "Gelu" for node in nodes) else 18
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def fill(data: bytes, folder: Path, weights: Weights, mark: str | None) -> bytes:
    """The same file with other values, which are then all in it, and a mark."""
    from onnx import helper, numpy_helper

    model = _opened(data, folder)
    turned = {W for W, _, transposed in _chain(model)[0] if not transposed}
    for one in model.graph.initializer:
        if one.name in weights:
            array = weights[one.name].T if one.name in turned else weights[one.name]
            made = numpy_helper.from_array(np.ascontiguousarray(array).reshape(one.dims), one.name)
            raw = bool(one.raw_data)
            one.raw_data = made.raw_data if raw else b""
            if not raw:
                one.CopyFrom(made)
    if mark is not None:
        others = {one.key: one.value for one in model.metadata_props}
        helper.set_model_props(model, {**others, MARK: mark})
    return bytes(model.SerializeToString())


def run(data: bytes, X: Any, folder: Path) -> tuple[Any, str]:
    """The outputs where the graph's chain ends, by onnxruntime or else ONNX's own reference."""
    import onnx
    from onnx import helper

    model = _opened(data, folder)
    *_, end = _chain(model)
    if end not in {one.name for one in model.graph.output}:
        model.graph.output.add().name = end
    names = {one.name for one in model.graph.initializer}
    first = next(one for one in model.graph.input if one.name not in names)
    dims = [one.dim_value for one in first.type.tensor_type.shape.dim] or [0, 0]
    X = X.astype(helper.tensor_dtype_to_np_dtype(first.type.tensor_type.elem_type))
    block = dims[0] or len(X)
    padded = np.concatenate([X, np.repeat(X[-1:], -len(X) % block, 0)])
    blocks = padded.reshape(-1, block, *(size or -1 for size in dims[1:]))
    try:
        from onnxruntime import InferenceSession  # type: ignore[import-untyped]

        session, by = InferenceSession(model.SerializeToString()), "onnxruntime"
    except ImportError:
        from onnx.reference import ReferenceEvaluator

        session, by = ReferenceEvaluator(model), f"the reference of onnx {onnx.__version__}"
    A = [session.run([end], {first.name: one})[0].reshape(block, -1) for one in blocks]
    return np.concatenate(A)[: len(X)], by
