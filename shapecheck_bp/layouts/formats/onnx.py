"""ONNX: a graph of Gemms, or of MatMuls and Adds, and of activations."""

from typing import Any

import numpy as np

from shapecheck_bp.activations import LEAKY_SLOPE, ByActivation
from shapecheck_bp.layouts.containers import Named, layers_of
from shapecheck_bp.layouts.formats.contents import MARK, Contents, Weights, needed, said
from shapecheck_bp.network import Network

LAYOUTS: tuple[str, ...] | None = ("onnx", "onnx_transB_0")
OPERATORS = ByActivation[tuple[str, dict[str, Any]]](
    "operators of ONNX",
    sigmoid=("Sigmoid", {}),
    tanh=("Tanh", {}),
    relu=("Relu", {}),
    leaky_relu=("LeakyRelu", {"alpha": LEAKY_SLOPE}),
    identity=("Identity", {}),
    softmax=("Softmax", {"axis": -1}),
)

ACTIVATIONS = {operator for operator, _ in OPERATORS.values()} | {"LogSoftmax", "Flatten"}


def read(data: bytes) -> Contents:
    """The W and b of every layer in the order of the graph, as a Gemm with transB = 1 has them."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load_model_from_string(data)
    arrays = {one.name: one for one in model.graph.initializer}
    layers = []
    for W, b, transposed in _chain(model):
        for name in (W, b):
            if arrays[name].data_location == onnx.TensorProto.EXTERNAL:
                raise ValueError(f"{name}: expected values that are in the file, and not beside it")
        matrix = numpy_helper.to_array(arrays[W])
        bias = numpy_helper.to_array(arrays[b])
        layers.append(Named(matrix if transposed else matrix.T, bias, (W, b)))
    mark = {one.key: one.value for one in model.metadata_props}.get(MARK)
    return said(layers, mark, None)._replace(layout="onnx")


def _chain(model: Any) -> list[tuple[str, str, bool]]:
    """The names of W and b of each layer, and whether W is (n_out, n_in), from input to output.

    Raises:
        ValueError: a graph that is no chain of fully connected layers and activations, each with
            weights of its own.
    """
    graph = model.graph
    arrays = {one.name for one in graph.initializer}
    inputs = [one.name for one in graph.input if one.name not in arrays]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise ValueError("expected a graph with one input and one output")
    at, left, found = inputs[0], [*graph.node], []
    while left:
        takers = [node for node in left if at in node.input]
        if len(takers) != 1:
            raise ValueError(f"expected a chain of layers; {at} goes to {len(takers)} nodes")
        node = takers[0]
        left.remove(node)
        names = [name for name in node.input if name != at]
        if node.op_type == "Gemm" and node.input[0] == at:
            options = {one.name: one.i or one.f for one in node.attribute}
            scales = {options.get(one, 1.0) for one in ("alpha", "beta")}
            if options.get("transA") or scales != {1.0} or len(names) != 2:
                raise ValueError("expected a Gemm with a bias, transA = 0, alpha = 1 and beta = 1")
            found.append((names[0], names[1], bool(options.get("transB"))))
        elif node.op_type == "MatMul" and node.input[0] == at and len(names) == 1:
            adds = [one for one in left if node.output[0] in one.input]
            b = [name for name in adds[0].input if name != node.output[0]] if adds else []
            if len(adds) != 1 or adds[0].op_type != "Add" or len(b) != 1:
                raise ValueError("expected a MatMul and after it an Add with the bias")
            left.remove(adds[0])
            found.append((names[0], b[0], False))
            node = adds[0]
        elif node.op_type not in ACTIVATIONS or names:
            raise ValueError(f"expected layers and activations; got {node.op_type}")
        at = node.output[0]
    if at != graph.output[0].name:
        raise ValueError(f"expected the chain to end in the output; it ends in {at}")
    used = [name for layer in found for name in layer[:2]]
    if len({*used}) != len(used) or {*used} != arrays:
        odd = sorted({*used} ^ arrays) or ["a weight that is used twice"]
        raise ValueError(f"expected weights of its own for every layer, and no others; {odd[0]}")
    return found


def write(weights: Weights, layout: str, net: Network | None) -> bytes:
    """A new graph of Gemms and activations; the number of examples is free."""
    import onnx
    from onnx import helper, numpy_helper

    layers: list[Named] = layers_of(weights)
    net = needed(net, layers, ".onnx")
    nodes, at = [], "X"
    for i, (one, g) in enumerate(zip(layers, net.activations, strict=True), start=1):
        operator, options = OPERATORS[g]
        Z, A = f"Z{i}", "A" if i == net.L else f"A{i}"
        nodes.append(helper.make_node("Gemm", [at, *one.names], [Z], transB=int(layout == "onnx")))
        nodes.append(helper.make_node(operator, [Z], [A], **options))
        at = A
    kind = helper.np_dtype_to_tensor_dtype(layers[0].W.dtype)
    ends = [
        helper.make_tensor_value_info(name, kind, ["m", size])
        for name, size in (("X", net.sizes[0]), ("A", net.sizes[-1]))
    ]
    initial = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
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


def replace(data: bytes, weights: Weights) -> bytes:
    """The same file with other values."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load_model_from_string(data)
    turned = {W for W, _, transposed in _chain(model) if not transposed}
    for one in model.graph.initializer:
        array = weights[one.name].T if one.name in turned else weights[one.name]
        raw = bool(one.raw_data)
        new = numpy_helper.from_array(np.ascontiguousarray(array), one.name)
        if raw:
            one.raw_data = new.raw_data
        else:
            one.CopyFrom(new)
    return bytes(model.SerializeToString())
