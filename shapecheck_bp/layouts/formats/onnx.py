"""ONNX: a graph of Gemms, or of MatMuls and Adds, and of activations."""

from typing import Any

import numpy as np

from shapecheck_bp.layouts.containers import layers_of
from shapecheck_bp.layouts.formats.contents import MARK, Contents, Weights, marked, needed
from shapecheck_bp.network import Network

LAYOUTS: tuple[str, ...] | None = ("onnx", "onnx_transB_0")
OPERATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.01}),
    "identity": ("Identity", {}),
    "softmax": ("Softmax", {"axis": -1}),
}


def read(data: bytes) -> Contents:
    """The W and b of every Gemm, and of every MatMul with its Add, in the order of the graph.

    All are given as a Gemm with transB = 1 has them.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load_model_from_string(data)
    arrays = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    weights = {}
    for W, b, transposed in _products(model):
        weights[W] = arrays[W] if transposed else arrays[W].T
        weights[b] = arrays[b]
    if left := [name for name in arrays if name not in weights]:
        raise ValueError(f"expected Gemm, or MatMul and Add; {', '.join(left)} belongs to neither")
    said = {one.key: one.value for one in model.metadata_props}
    return marked(weights, said.get(MARK))._replace(layout="onnx")


def _products(model: Any) -> list[tuple[str, str, bool]]:
    """The names of W and b of each fully connected layer, and whether W is (n_out, n_in)."""
    arrays = {one.name for one in model.graph.initializer}
    adds = {name: node for node in model.graph.node if node.op_type == "Add" for name in node.input}
    found = []
    for node in model.graph.node:
        options = {one.name: one.i or one.f for one in node.attribute}
        if node.op_type == "Gemm":
            if options.get("transA") or {options.get(one, 1.0) for one in ("alpha", "beta")} != {
                1.0
            }:
                raise ValueError("expected a Gemm with transA = 0, alpha = 1 and beta = 1")
            if len(node.input) != 3:
                raise ValueError("expected a Gemm with a bias")
            found.append((node.input[1], node.input[2], bool(options.get("transB"))))
        elif node.op_type == "MatMul":
            add = adds.get(node.output[0])
            b = [name for name in add.input if name in arrays] if add else []
            if node.input[1] not in arrays or len(b) != 1:
                raise ValueError("expected a MatMul with a W of its own, and an Add with its b")
            found.append((node.input[1], b[0], False))
    return found


def write(weights: Weights, layout: str, net: Network | None) -> bytes:
    """A new graph of Gemms and activations; the number of examples is free."""
    import onnx
    from onnx import helper, numpy_helper

    net = needed(net, ".onnx")
    layers, nodes, at = layers_of(weights), [], "X"
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
    onnx.checker.check_model(model)
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
    turned = {W for W, _, transposed in _products(model) if not transposed}
    for one in model.graph.initializer:
        array = weights[one.name].T if one.name in turned else weights[one.name]
        raw = bool(one.raw_data)
        new = numpy_helper.from_array(np.ascontiguousarray(array), one.name)
        if raw:
            one.raw_data = new.raw_data
        else:
            one.CopyFrom(new)
    return bytes(model.SerializeToString())
