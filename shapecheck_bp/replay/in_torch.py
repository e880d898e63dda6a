"""PyTorch's tensors: each step as a call of PyTorch itself, and several as one where it has one.

Numbers stay numbers of Python, of which no tensors are made, so that nothing goes from one device
to another. What PyTorch differentiates, traces, transforms or casts runs as it is written.

>>> import torch
>>> from shapecheck_bp.replay.recording import record
>>> tape, _ = record(lambda X, W, b: X @ W + b, tuple(torch.ones((3, 3, 3))))
>>> fused(tape.steps, tape)[1][:2]
(<built-in method addmm of type object at ...>, (v2, v0, v1))
"""

from functools import lru_cache, partial
from inspect import signature
from typing import Any

import torch
from array_api_compat import array_namespace
from torch.autograd import forward_ad

from shapecheck_bp.replay import fusing
from shapecheck_bp.replay.recording import Kind, Ref, Step, Tape, record, refs_in

ARRAYS = (torch.Tensor, torch.nn.Parameter)
RESULTS = (torch.Tensor,)
CONSTANTS = (torch.dtype,)
IN_PIECES = False

ENTRYWISE = {
    "abs": torch.abs,
    "add": torch.add,
    "divide": torch.div,
    "exp": torch.exp,
    "greater": torch.gt,
    "log": torch.log,
    "log1p": torch.log1p,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "multiply": torch.mul,
    "negative": torch.neg,
    "square": torch.square,
    "subtract": torch.sub,
    "tanh": torch.tanh,
}
WITH_NUMBER = {"maximum": torch.clamp_min, "minimum": torch.clamp_max}
REDUCTIONS = {"sum": torch.sum, "max": torch.amax}
NARROW, LONG = 16, 128
threshold_backward: Any = torch.ops.aten.threshold_backward


def kind(value: Any) -> Kind:
    """The kind of a tensor."""
    order = "C" if value.is_contiguous() else "F" if value.mT.is_contiguous() else ""
    return Kind(tuple(value.shape), value.dtype, order)


def same(made: Any, recorded: Any) -> bool:
    """Whether two results are the same to rounding."""
    about = ("shape", "dtype", "device")
    if any(getattr(made, each) != getattr(recorded, each) for each in about):
        return False
    if not recorded.is_floating_point():
        return bool(torch.equal(made, recorded))
    eps = torch.finfo(recorded.dtype).eps
    allowed = min(256 * eps, eps**0.5) * recorded.abs().max()
    return bool(torch.all((made - recorded).abs() <= allowed))


def unusual(arrays: tuple[Any, ...], learning: bool = False) -> bool:
    """Whether a call is to be made as it is written, since more than its numbers is asked for."""
    wants = torch.is_grad_enabled()
    for array in arrays:
        if (wants and array.requires_grad) or array.layout is not torch.strided:
            return True
    return (
        torch._C._are_functorch_transforms_active()
        or torch._C._is_any_autocast_enabled()
        or torch._C._len_torch_dispatch_stack() > 0
        or torch._C._get_tracing_state() is not None
        or forward_ad._current_level >= 0
        # To learn is to look at numbers, for which a CUDA graph cannot wait.
        or (learning and torch.cuda.is_available() and torch.cuda.is_current_stream_capturing())
    )


def spelled(step: Step, tape: Tape) -> Step:
    """The step as a call of PyTorch."""
    name, inputs, settings, *_ = step
    read = list(refs_in(inputs))
    plain = not settings and all(isinstance(each, Ref | int | float) for each in inputs)
    flat = not any(ref.flipped for ref in read)
    if name in ENTRYWISE and plain:
        function = ENTRYWISE[name]
        if len(read) < len(inputs) and name in WITH_NUMBER:
            function, inputs = WITH_NUMBER[name], (*read, *({*inputs} - {*read}))
        return _call(step, function, inputs, entrywise=flat, room="out")
    if name in REDUCTIONS and len(inputs) == 1 and settings.keys() <= {"axis", "keepdims"}:
        axis = settings.get("axis", None if name == "sum" else ())
        return _call(step, REDUCTIONS[name], (*inputs, axis, settings.get("keepdims", False)))
    if name == "matmul" and all(len(tape.kinds[ref.place].shape) == 2 for ref in read):
        if _is_narrow(step, tape):
            return _call(step, across, inputs)
        return _call(step, torch.mm, inputs, room="out")
    if name == "where" and len(read) == len(inputs):
        return _call(step, torch.where, inputs, entrywise=flat, room="out")
    if name == "astype" and len(inputs) == 2 and not settings:
        return step._replace(function=torch.Tensor.to)
    return step._replace(function=getattr(tape.xp, name))


def _call(step: Step, function: Any, inputs: tuple[Any, ...], **about: Any) -> Step:
    return step._replace(function=function, inputs=inputs, settings={}, fresh=True, **about)


def mean(A: Any, B: Any, m: float) -> Any:
    """A @ B / m, of which BLAS does the division on its way."""
    return torch.addmm(A.new_empty(1), A, B, beta=0, alpha=1 / m)


def across(A: Any, B: Any, m: float = 1) -> Any:
    """A @ B / m by way of its transpose: BLAS is quicker with few rows than with few columns.

    >>> across(torch.ones((3, 2)), torch.ones((2, 1))).shape
    torch.Size([3, 1])
    """
    return mean(B.T, A.T, m).T


def _is_narrow(step: Step, tape: Tape) -> bool:
    rows, columns = tape.kinds[step.result.place].shape
    return columns <= NARROW and rows >= LONG and tape.first.device.type == "cpu"


def fused(steps: list[Step], tape: Tape) -> list[Step]:
    """The steps with PyTorch's own functions for several of them."""
    calls = (partial(call, tape) for _, call in FUSED)
    known = map(fusing.Fused, _textbooks(tape.first.dtype), calls)
    return fusing.fused(steps, [*known], tape.result)


@lru_cache
def _textbooks(dtype: Any) -> list[Tape]:
    """What PyTorch's functions stand for, recorded on matrices of this dtype."""

    def recorded(textbook: Any) -> Tape:
        operands = len(signature(textbook).parameters)
        return record(textbook, tuple(torch.ones((operands, 2, 2), dtype=dtype)))[0]

    return [recorded(textbook) for textbook, _ in FUSED]


def _linear(A: Any, B: Any, c: Any) -> Any:
    return A @ B + c


def _addmm(tape: Tape, step: Step, A: Ref, B: Ref, c: Any) -> Step:
    if not isinstance(c, Ref) or len(tape.kinds[c.place].shape) != 2 or _is_narrow(step, tape):
        return step
    return _call(step, torch.addmm, (c, A, B), room="out")


def _mean(A: Any, B: Any, m: Any) -> Any:
    return A @ B / m


def _scaled(tape: Tape, step: Step, A: Ref, B: Ref, m: Any) -> Step:
    if isinstance(m, Ref):
        return step
    return _call(step, across if _is_narrow(step, tape) else mean, (A, B, m))


def _sigmoid(Z: Any) -> Any:
    xp = array_namespace(Z)
    return xp.exp(xp.minimum(Z, xp.zeros_like(Z))) / (1 + xp.exp(-xp.abs(Z)))


def _softmax(axis: int) -> Any:
    def softmax(Z: Any) -> Any:
        xp = array_namespace(Z)
        E = xp.exp(Z - xp.max(Z, axis=axis, keepdims=True))
        return E / xp.sum(E, axis=axis, keepdims=True)

    def log_softmax(Z: Any) -> Any:
        xp = array_namespace(Z)
        Z = Z - xp.max(Z, axis=axis, keepdims=True)
        return Z - xp.log(xp.sum(xp.exp(Z), axis=axis, keepdims=True))

    def call(function: Any, tape: Tape, step: Step, Z: Ref) -> Step:
        return _call(step, function, (Z, axis))

    return (softmax, partial(call, torch.softmax)), (log_softmax, partial(call, torch.log_softmax))


def _relu_backward(dA: Any, Z: Any) -> Any:
    return dA * array_namespace(Z).astype(Z > 0, Z.dtype)


def _threshold_backward(tape: Tape, step: Step, dA: Ref, Z: Ref) -> Step:
    """With A for Z, of which the same entries are above 0, so that Z need not be kept."""
    zeros = {each.result for each in tape.steps if each.function == "zeros_like"}
    for each in tape.steps:
        if each.function == "maximum" and each.inputs[0] == Z and each.inputs[1] in zeros:
            Z = each.result
    flat = not (dA.flipped or Z.flipped)
    return _call(step, threshold_backward, (dA, Z, 0), entrywise=flat, room="grad_input")


FUSED = (
    (_linear, _addmm),
    (_mean, _scaled),
    (_sigmoid, lambda tape, step, Z: _call(step, torch.sigmoid, (Z,))),
    (_relu_backward, _threshold_backward),
    *_softmax(0),
    *_softmax(1),
)
