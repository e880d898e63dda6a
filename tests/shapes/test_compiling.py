"""Under torch.compile: checked while a call is read, nothing in the graph, and no break in it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pytest
from jaxtyping import AnnotationError, Bool, Float, Int

from shapecheck_bp import ShapeError, column, enforce, shapechecked

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
dynamo = pytest.importorskip("torch._dynamo", reason="PyTorch has no compiler here")
testing = pytest.importorskip("torch._dynamo.testing", reason="PyTorch has no compiler here")

Tensor = torch.Tensor
ones = torch.ones


def module(decorate):
    class Block(torch.nn.Module):
        def __init__(self, n):
            super().__init__()
            self.linear = torch.nn.Linear(n, n)

        @decorate
        def forward(self, x: Float[Tensor, "b n"]) -> Float[Tensor, "b n"]:
            return torch.relu(self.linear(x)) + x

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = torch.nn.ModuleList(Block(4) for _ in range(2))

        @decorate
        def forward(self, x: Float[Tensor, "b n"]) -> Float[Tensor, "b n"]:
            for block in self.blocks:
                x = block(x)
            return x

    return Net()


def compiled(function, **options):
    dynamo.reset()
    dynamo.utils.counters.clear()
    counter = testing.CompileCounter()
    return torch.compile(function, backend=counter, **options), counter


def breaks():
    return sum(dynamo.utils.counters["graph_break"].values())


@pytest.mark.parametrize("dynamic", [None, True])
@pytest.mark.parametrize("warm", [False, True])
def test_a_module_compiles_to_the_same_graph_and_a_wrong_call_is_refused(warm, dynamic):
    operations = []
    for decorate in (lambda function: function, shapechecked):
        net = module(decorate)
        if warm:
            net(ones(4, 4))
        call, counter = compiled(net, fullgraph=True, dynamic=dynamic)
        for b in (5, 6, 7, 5):
            assert call(ones(b, 4)).shape == (b, 4)
        call(ones(3, 4, requires_grad=True)).sum().backward()
        operations.append(counter.op_count // counter.frame_count)
        assert breaks() == 0
    assert operations[0] == operations[1]
    with pytest.raises(Exception, match="does not fit its annotations"):
        call(ones(3, 4, 2))


def test_without_fullgraph_the_refusal_is_the_usual_one():
    call, _ = compiled(module(shapechecked))
    call(ones(3, 4))
    assert breaks() == 0
    with pytest.raises(ShapeError, match="x does not fit"):
        call(ones(3, 4, 2))


def two(x: Float[Tensor, "b n"], y: Float[Tensor, "b"] | None = None) -> Float[Tensor, "n b"]:
    return x.transpose(0, 1) if y is None else x.transpose(0, 1) * y


@pytest.mark.parametrize("dynamic", [None, True])
def test_sizes_are_compared_also_where_they_are_symbols(dynamic):
    call, _ = compiled(shapechecked(two), fullgraph=True, dynamic=dynamic)
    for b in (2, 3, 4, 5):
        assert call(ones(b, 3), ones(b)).shape == (3, b)
        assert call(ones(b, 3)).shape == (3, b)
        with pytest.raises(Exception, match="does not fit its annotations"):
            call(ones(b, 3), ones(b + 1))


def every(
    a: Float[Tensor, "*batch n"],
    b: Float[Tensor, "#n 2*n"],
    c: list[Int[Tensor, "n"]],
    d: tuple[Bool[Tensor, "_ 3"], int],
    e: dict[str, Float[Tensor, "... n"]],
    *rest: Float[Tensor, "n"],
    **named: Float[Tensor, "n"],
) -> tuple[Float[Tensor, "*batch n"], int]:
    return a + 1, d[1]


def test_every_kind_of_axis_and_container():
    fits = [
        ones(2, 3, 4),
        ones(1, 8),
        [ones(4).long()],
        (ones(5, 3).bool(), 7),
        {"k": ones(6, 4)},
        ones(4),
    ]
    shapechecked(every)(*fits, z=ones(4))
    call, _ = compiled(shapechecked(every), fullgraph=True, dynamic=False)
    assert call(*fits, z=ones(4))[1] == 7
    for place, bad in (
        (0, ones(2, 3, 5)),
        (1, ones(3, 8)),
        (1, ones(1, 9)),
        (2, [ones(4).long(), ones(5).long()]),
        (2, [ones(4)]),
        (3, (ones(5, 4).bool(), 7)),
        (4, {"k": ones(6, 5)}),
        (5, ones(5)),
    ):
        with pytest.raises(Exception, match="does not fit its annotations"):
            call(*fits[:place], bad, *fits[place + 1 :])
    with pytest.raises(Exception, match="does not fit its annotations"):
        call(*fits, z=ones(5))


class Pair(NamedTuple):
    """A record, which has axes of its own."""

    W: Float[Tensor, "n k"]
    b: Float[Tensor, "k"] | None = None


@dataclass(frozen=True)
class Sizes:
    """What settles axes, n_0 and so on, and L."""

    sizes: tuple[int, ...]

    def __shape_axes__(self):
        return {"L": len(self.sizes) - 1} | {f"n_{i}": n for i, n in enumerate(self.sizes)}


def layered(
    net: Sizes, first: Pair, pairs: list[Pair], layers: tuple[Float[Tensor, "n[l-1] n[l]"], ...]
) -> Float[Tensor, "n[0] n[L]"]:
    x = layers[0]
    for W in layers[1:]:
        x = x @ W
    return x


def test_records_have_axes_of_their_own_and_layers_hang_together():
    net = Sizes((2, 3, 4))
    fits = net, Pair(ones(2, 5), ones(5)), [Pair(ones(7, 6))], (ones(2, 3), ones(3, 4))
    call, _ = compiled(shapechecked(layered), fullgraph=True)
    assert call(*fits).shape == (2, 4)
    for place, bad in (
        (0, Sizes((2, 3, 5))),
        (0, Sizes((2, 3, 4, 5))),
        (1, Pair(ones(2, 5), ones(6))),
        (2, [Pair(ones(7, 6)), Pair(ones(7))]),
        (3, (ones(2, 3), ones(4, 4))),
        (3, (ones(2, 3),)),
    ):
        with pytest.raises(Exception, match="does not fit its annotations"):
            call(*fits[:place], bad, *fits[place + 1 :])


class Node(NamedTuple):
    x: Float[Tensor, "n n"]
    inside: "list[Node]"


def test_a_record_that_holds_records_of_its_class_is_compared_outside_a_graph_alone():
    @shapechecked
    def total(nodes: list[Node], y: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
        return nodes[0].x.sum() + nodes[0].inside[0].x.sum() + y

    fits = [Node(ones(2, 2), [Node(ones(3, 3), [])])]
    call, _ = compiled(total, fullgraph=True)
    assert call(fits, ones(2))[0] == total(fits, ones(2))[0] == 14
    with pytest.raises(ShapeError, match=r"nodes\[0\]\.inside\[0\]\.x does not fit"):
        total([Node(ones(2, 2), [Node(ones(3, 2), [])])], ones(2))


def test_the_result_is_compared_too():
    @shapechecked
    def broken(x: Float[Tensor, "b n"]) -> Float[Tensor, "n b"]:
        return x * 2

    with pytest.raises(Exception, match="does not fit its annotations"):
        compiled(broken, fullgraph=True)[0](ones(2, 3))
    with pytest.raises(ShapeError, match="the result does not fit"):
        compiled(broken)[0](ones(2, 3))


def test_off_is_off_there_too():
    with enforce(False):
        call, _ = compiled(shapechecked(two), fullgraph=True)
        assert call(ones(2, 3, 1)).shape == (3, 2, 1)
        assert breaks() == 0


def test_torch_func_and_export_still_work():
    @shapechecked
    def loss(w: Float[Tensor, "d"], x: Float[Tensor, "d"]) -> Float[Tensor, ""]:
        return (w * x).sum()

    for _ in range(2):
        gradients = torch.func.vmap(torch.func.grad(loss), (None, 0))(ones(3), ones(5, 3))
        assert gradients.shape == (5, 3)
        with pytest.raises(ShapeError):
            torch.func.vmap(loss, (None, 0))(ones(3), ones(5, 4))
    exported = torch.export.export(module(shapechecked), (ones(3, 4),))
    np.testing.assert_array_equal(exported.module()(ones(3, 4)).shape, (3, 4))


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_torchscript_reads_what_is_checked_before_and_after_a_first_call():
    for called in (False, True):
        net = Scripted()
        if called:
            net(ones(2, 3))
        assert torch.jit.script(net)(ones(2, 3)).shape == (2,)


class Scripted(torch.nn.Module):
    @shapechecked
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x).sum(dim=1)


@pytest.mark.parametrize("axes", ["2n m", "n+ m"])
def test_an_axis_that_is_none_is_refused_by_the_judge_and_not_by_python(axes):
    @shapechecked
    def take(x: Float[Tensor, axes]) -> None:
        pass

    with pytest.raises(AnnotationError, match="take: x: expected axes"):
        take(ones(2, 3))


def test_a_function_of_ours_is_read_without_the_checks_of_its_steps():
    W, b = ones(4, 5), ones(4, 1)
    call, _ = compiled(column.linear_forward, fullgraph=True)
    assert call(ones(5, 7), W, b).shape == (4, 7)
    assert breaks() == 0
    with pytest.raises(Exception, match="does not fit its annotations"):
        call(ones(4, 7), W, b)


def test_a_function_without_code_of_pythons_is_checked_too():
    @shapechecked
    @lru_cache
    def doubled(n: int) -> int:
        return 2 * n

    assert doubled(3) == 6
    with pytest.raises(ShapeError, match="n does not fit"):
        doubled("3")


def test_axes_under_one_name_are_the_same_each_time():
    @shapechecked
    def add(a: Float[Tensor, "*batch n"], b: Float[Tensor, "*batch n"]) -> Float[Tensor, "n"]:
        return (a + b).reshape(-1, a.shape[-1]).sum(0)

    call, _ = compiled(add, fullgraph=True, dynamic=False)
    assert call(ones(2, 3, 4), ones(2, 3, 4)).shape == (4,)
    for bad in (ones(2, 5, 4), ones(5, 3, 4), ones(3, 4)):
        with pytest.raises(Exception, match="does not fit its annotations"):
            call(ones(2, 3, 4), bad)


def test_of_arrays_behind_which_layers_lie_there_is_one_more():
    @shapechecked
    def total(
        A: tuple[Float[Tensor, "n[l-1] m"], ...], dZ: tuple[Float[Tensor, "n[l] m"], ...]
    ) -> Float[Tensor, ""]:
        return sum(each.sum() for each in (*A, *dZ))

    A, dZ = (ones(2, 5), ones(3, 5), ones(4, 5)), (ones(3, 5), ones(4, 5))
    call, _ = compiled(total, fullgraph=True)
    assert call(A, dZ) == total(A, dZ)
    for bad in (A[:2], (*A, ones(1, 5))):
        with pytest.raises(ShapeError):
            total(bad, dZ)
        with pytest.raises(Exception, match="does not fit its annotations"):
            call(bad, dZ)
