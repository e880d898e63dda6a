"""ONNX: a graph of Gemms, or of MatMuls and Adds, and of activations."""

import math
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.activations import ByActivation
from shapecheck_bp.layouts.containers import Named, layers_of
from shapecheck_bp.layouts.formats.contents import (
    MARK,
    Activations,
    Contents,
    Weights,
    needed,
    no_part,
    said,
)
from shapecheck_bp.layouts.functions import IDENTITY, Activation, chained

LAYOUTS: tuple[str, ...] | None = ("onnx", "onnx_transB_0")
OPERATORS = ByActivation[tuple[str, dict[str, Any]]](
    "operators of ONNX",
    sigmoid=("Sigmoid", {}),
    tanh=("Tanh", {}),
    relu=("Relu", {}),
    leaky_relu=("LeakyRelu", {"alpha": 0.01}),
    identity=("Identity", {}),
    softmax=("Softmax", {"axis": -1}),
    log_softmax=("LogSoftmax", {"axis": -1}),
    elu=("Elu", {"alpha": 1.0}),
    selu=("Selu", {}),
    gelu=("Gelu", {"approximate": b"none"}),
    gelu_tanh=("Gelu", {"approximate": b"tanh"}),
    softsign=("Softsign", {}),
)
"""With the attributes that they have where a graph says nothing."""

FLOATS = 1, 10, 11  # what ONNX calls float32, float16 and float64
SCALING = {"Scaler", "Sub", "Div", "Mul", "Add"}
ML = {"Scaler", "ZipMap", "ArrayFeatureExtractor", "Normalizer"}  # of a domain of their own
LABELS = {"ArgMax", "ZipMap", "ArrayFeatureExtractor", "Cast", "Reshape", "Identity"}
LABELS |= {"Sub", "Concat", "Normalizer"}


class Chain(NamedTuple):
    """What a graph does from its input to its output."""

    layers: list[tuple[str, str, bool]]
    """The names of W and b, "" for none, and whether W is (n_out, n_in)."""
    activations: list[Activation]
    effects: list[str]
    unused: list[str]
    end: str


def read(data: bytes, folder: Path, only: str | None = None) -> Contents:
    """The W and b of every layer in the order of the graph, as a Gemm with transB = 1 has them."""
    from onnx import numpy_helper

    no_part(only)
    model = _opened(data, folder)
    arrays = {one.name: one for one in model.graph.initializer}
    chain = _chain(model)
    layers = []
    for W, b, transposed in chain.layers:
        matrix = numpy_helper.to_array(arrays[W])
        bias = numpy_helper.to_array(arrays[b]).reshape(-1) if b else None
        layers.append(Named(matrix if transposed else matrix.T, bias, (W, b), not transposed))
    mark = {one.key: one.value for one in model.metadata_props}.get(MARK)
    return said(layers, mark, None)._replace(
        layout="onnx",
        activations=tuple(chain.activations),
        said=tuple(chain.effects),
        unused=tuple(chain.unused),
    )


def _opened(data: bytes, folder: Path) -> Any:
    """The model, with constants among its initializers, and with what lies beside it.

    Raises:
        ValueError: operators of other domains, or values that are not in its folder.
    """
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
    """From input to output.

    Raises:
        ValueError: a graph that is no chain of fully connected layers and activations, each with
            weights of its own.
    """
    from onnx import helper, numpy_helper

    graph, chain = model.graph, Chain([], [], [], [], "")
    arrays = {one.name: one for one in graph.initializer}
    inputs = [one for one in graph.input if one.name not in arrays]
    if len(inputs) != 1:
        raise ValueError(f"expected a graph with one input; got {len(inputs)}")
    features = [one.dim_value for one in inputs[0].type.tensor_type.shape.dim][1:]
    takers, left = defaultdict(list), {*range(len(graph.node))}
    for i, node in enumerate(graph.node):
        for name in {*node.input} - {*arrays}:
            takers[name].append(i)
    no_labels = sum(node.op_type not in LABELS for node in graph.node)
    has_labels = any(node.op_type == "ArgMax" for node in graph.node)
    at, width, used = inputs[0].name, 0, set()

    def taken(i: int) -> Any:
        nonlocal no_labels
        left.remove(i)
        no_labels -= graph.node[i].op_type not in LABELS
        used.update({*graph.node[i].input} & {*arrays})
        return graph.node[i]

    def layer(W: str, b: str, transposed: bool) -> int:
        shape, size = tuple(arrays[W].dims), tuple(arrays[b].dims) if b else None
        n_out = int(shape[not transposed])
        if size not in (None, (n_out,), (1, n_out)):
            raise ValueError(f"expected a bias of {n_out}; {b} is {size}")
        chain.layers.append((W, b, transposed))
        chained(chain.activations, IDENTITY, len(chain.layers))
        return n_out

    while left:
        here = [i for i in takers[at] if i in left]
        if chain.layers and has_labels and not no_labels:
            told = ", ".join(sorted({graph.node[i].op_type for i in left}))
            chain.effects.append(f"after the last layer: {told}, which make labels")
            used.update(name for i in left for name in graph.node[i].input if name in arrays)
            break
        if [graph.node[i].op_type for i in here] == ["Sigmoid", "Mul"]:
            sigmoid, node = map(taken, here)
            if sorted(node.input) != sorted([at, sigmoid.output[0]]):
                raise ValueError(f"expected a chain of layers; {at} goes to 2 nodes")
            chained(chain.activations, Activation("silu"), len(chain.layers))
            at = node.output[0]
            continue
        if len(here) != 1:
            raise ValueError(f"expected a chain of layers; {at} goes to {len(here)} nodes")
        node = taken(here[0])
        kind, names = node.op_type, [name for name in node.input if name not in (at, "")]
        options = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        constant = all(name in arrays for name in names)
        W = arrays[names[0]] if names and constant else None
        is_layer = W is not None and len(W.dims) == 2 and node.input[0] == at
        if kind == "Gemm" and is_layer:
            scales = {options.get(one, 1.0) for one in ("alpha", "beta")}
            if options.get("transA") or scales != {1.0}:
                raise ValueError("expected a Gemm with transA = 0, alpha = 1 and beta = 1")
            width = layer(names[0], "".join(names[1:]), bool(options.get("transB")))
        elif kind == "MatMul" and is_layer:
            add = [i for i in takers[node.output[0]] if graph.node[i].op_type == "Add"]
            beside = {*graph.node[add[0]].input} & {*arrays} if len(add) == 1 else set()
            width = layer(names[0], "".join(beside), False)
            node = taken(add[0]) if beside else node
        elif kind in SCALING and constant and not chain.layers:
            chain.effects.append(f"{kind}: X is scaled before the first W")
        elif kind == "Flatten" and options.get("axis", 1) == 1:
            if len(features) != 1 and not chain.layers:
                chain.effects.append("Flatten: X is flattened as the graph has it, row-major")
        elif kind == "Reshape" and W is not None:
            shape = [int(size) for size in numpy_helper.to_array(W)]
            size = width or (math.prod(features) if features else 0)
            fits = len(shape) == 2 and (shape[1] in (size, -1) or not size)
            if chain.layers and not left and shape in ([-1], [-1, 1]):
                chain.effects.extend([f"Reshape: the outputs become {shape}"] * (size > 1))
            elif not fits:
                raise ValueError(f"expected a Reshape to an example a row; got {shape}")
            if len(features) != 1 and not chain.layers:
                chain.effects.append("Reshape: X is flattened as the graph has it, row-major")
        elif kind == "Dropout" and constant:
            if any(numpy_helper.to_array(arrays[name]) for name in names[1:]):
                raise ValueError("expected a Dropout that does nothing; it is in training mode")
            chain.unused.append(f"Dropout ({node.name})")
        elif not (kind == "Cast" and options["to"] in FLOATS):
            values = [numpy_helper.to_array(arrays[one]) for one in names] if constant else None
            chained(chain.activations, _activation(kind, options, values), len(chain.layers))
        at = node.output[0]
    if not chain.layers:
        raise ValueError("expected layers, Gemm or MatMul; got none")
    if not left and at not in {one.name for one in graph.output}:
        raise ValueError(f"expected the chain to end in the output; it ends in {at}")
    weights = [name for layer in chain.layers for name in layer[:2] if name]
    if len({*weights}) != len(weights) or used != {*arrays}:
        odd = sorted(used ^ {*arrays}) or ["a weight that is used twice"]
        raise ValueError(f"expected weights of its own for every layer, and no others; {odd[0]}")
    return chain._replace(end=at)


def _activation(kind: str, options: dict[str, Any], constants: list[Any] | None) -> Activation:
    """What an operator is, of those that do the same to every example."""
    if kind == "Clip" and constants and len(constants) == 2 and constants[0] == 0:
        return Activation("relu", float(str(np.float32(constants[1]))))
    for name, (operator, usual) in OPERATORS.items():
        found = {**usual, **options}
        alpha = found.pop("alpha", None)
        if found.get("axis") == 1:
            found["axis"] = -1  # the examples are rows
        same = found == {key: one for key, one in usual.items() if key != "alpha"}
        if kind == operator and same and not constants and constants is not None:
            return Activation(name, None if alpha is None else float(str(np.float32(alpha))))
    told = ", ".join(f"{key}={one}" for key, one in options.items())
    raise ValueError(f"expected layers and activations; got {kind}({told})")


def write(weights: Weights, layout: str, activations: Activations | None) -> bytes:
    """A new graph of Gemms and activations; the number of examples is free."""
    import onnx
    from onnx import helper, numpy_helper

    layers: list[Named] = layers_of(weights)
    functions = needed(activations, ".onnx")
    initial = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    kind = helper.np_dtype_to_tensor_dtype(layers[0].W.dtype)
    nodes, at = [], "X"
    for i, (one, g) in enumerate(zip(layers, functions, strict=True), start=1):
        Z, A = f"Z{i}", "A" if i == len(layers) else f"A{i}"
        names = [name for name, _ in one.arrays()]
        nodes.append(helper.make_node("Gemm", [at, *names], [Z], transB=int(layout == "onnx")))
        operator, options = OPERATORS[g.name]
        if "alpha" in options:
            nodes.append(helper.make_node(operator, [Z], [A], alpha=g.parameter))
        elif g.parameter is not None:
            limits = {f"{A}_least": 0, f"{A}_most": g.parameter}
            for name, limit in limits.items():
                initial.append(numpy_helper.from_array(np.array(limit, one.W.dtype), name))
            nodes.append(helper.make_node("Clip", [Z, *limits], [A]))
        else:
            nodes.append(helper.make_node(operator, [Z], [A], **options))
        at = A
    n_in, n_out = layers[0].W.shape[layout == "onnx"], layers[-1].W.shape[layout != "onnx"]
    ends = [
        helper.make_tensor_value_info(name, kind, ["m", size])
        for name, size in (("X", n_in), ("A", n_out))
    ]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], initial)
    opset = 20 if any(node.op_type == "Gelu" for node in nodes) else 18
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def mark(data: bytes, mark: str) -> bytes:
    """The same file with a mark."""
    import onnx
    from onnx import helper

    model = onnx.load_model_from_string(data)
    others = {one.key: one.value for one in model.metadata_props}
    helper.set_model_props(model, {**others, MARK: mark})
    return bytes(model.SerializeToString())


def replace(data: bytes, weights: Weights, folder: Path) -> bytes:
    """The same file with other values, which are then all in it."""
    from onnx import numpy_helper

    model = _opened(data, folder)
    turned = {W for W, _, transposed in _chain(model).layers if not transposed}
    for one in model.graph.initializer:
        if one.name not in weights:
            continue
        array = weights[one.name].T if one.name in turned else weights[one.name]
        new = numpy_helper.from_array(np.ascontiguousarray(array).reshape(one.dims), one.name)
        if one.raw_data:
            one.raw_data = new.raw_data
        else:
            one.CopyFrom(new)
    return bytes(model.SerializeToString())


def run(data: bytes, X: Any, folder: Path) -> tuple[Any, str]:
    """The outputs where the graph's chain ends, by onnxruntime or else ONNX's own reference."""
    import onnx
    from onnx import helper

    model = _opened(data, folder)
    chain = _chain(model)
    if chain.end not in {one.name for one in model.graph.output}:
        model.graph.output.add().name = chain.end
    names = {one.name for one in model.graph.initializer}
    first = next(one for one in model.graph.input if one.name not in names)
    dims = [one.dim_value for one in first.type.tensor_type.shape.dim] or [0, 0]
    X = X.astype(helper.tensor_dtype_to_np_dtype(first.type.tensor_type.elem_type))
    block = dims[0] or len(X)
    padded = np.concatenate([X, np.repeat(X[-1:], -len(X) % block, 0)])
    blocks = padded.reshape(-1, block, *(size or -1 for size in dims[1:]))
    try:
        import onnxruntime  # type: ignore[import-untyped]

        session = onnxruntime.InferenceSession(model.SerializeToString())
        by = f"onnxruntime {onnxruntime.__version__}"
    except ImportError:
        from onnx.reference import ReferenceEvaluator

        session = ReferenceEvaluator(model)
        by = f"the reference of onnx {onnx.__version__}"
    A = [session.run([chain.end], {first.name: one})[0] for one in blocks]
    return np.concatenate([one.reshape(block, -1) for one in A])[: len(X)], by
