"""Whether the gradients that a step claims are those of its cost, by central differences."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any
from warnings import catch_warnings

import numpy as np
from numeric import Arrays, cross_entropy, half_squares, log_loss

HERE = Path(__file__).parent
EPS = 1e-5
SAME, OTHER = 1e-4, 1e-3  # relative; rounding is far below the one, what counts above the other


def load(path: Path, name: str) -> ModuleType:
    """The module of a file, under a name of its own."""
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def central(cost: Callable[[], float], arrays: Arrays) -> Arrays:
    """The gradient of a cost with respect to arrays that it reads, moved one entry at a time."""
    found = {}
    for name, array in arrays.items():
        slope = found[name] = np.zeros(array.shape)
        for at in np.ndindex(array.shape):
            kept = array[at]
            array[at] = kept + EPS
            above = cost()
            array[at] = kept - EPS
            slope[at] = (above - cost()) / (2 * EPS)
            array[at] = kept
    return found


@dataclass(frozen=True)
class Verdict:
    """What is true of a code: ``kind`` is one of "right", "wrong" and those of ``judge``."""

    kind: str
    factor: float = 0.0


@dataclass
class Style:
    """A right code, in the style of somebody, and what is true of it."""

    name: str

    @cached_property
    def path(self) -> Path:
        """The file."""
        return HERE / "styles" / f"{self.name}.py"

    @cached_property
    def truth(self) -> ModuleType:
        """The module of truths."""
        return import_module(f"truths.{self.name}")

    @cached_property
    def code(self) -> ModuleType:
        """The right code itself."""
        return load(self.path, f"style_{self.name}")

    def cost(self, call: Callable[..., Any], args: tuple[Any, ...]) -> float:
        """The cost that a step descends, computed beside it."""
        return self.truth.loss(call, args, self.truth.output(call, args))

    @cached_property
    def gradient(self) -> Arrays:
        """Of the cost, for the right forward pass."""
        call, args = self.truth.make(self.code)
        return central(lambda: self.cost(call, args), self.truth.parameters(call, args))

    @cached_property
    def factor(self) -> float:
        """How many times the gradient the right code claims."""
        return compare(self.claims(self.code), self.gradient).factor

    @cached_property
    def of_other_costs(self) -> list[Arrays]:
        """The gradients of what else somebody may descend who writes no cost down."""
        call, args = self.truth.make(self.code)
        out, y = self.truth.output(call, args), self.truth.target(call, args)
        costs = [half_squares]
        if ((out > 0) & (out < 1)).all() and ((y >= 0) & (y <= 1)).all():
            costs += [log_loss, cross_entropy]
        elif (np.abs(out) < 1).all() and (np.abs(y) <= 1).all():
            costs.append(lambda a, y: log_loss((1 + a) / 2, (1 + y) / 2))
        return [
            central(
                lambda cost=cost: cost(self.truth.output(call, args), y),
                self.truth.parameters(call, args),
            )
            for cost in costs
        ]

    @cached_property
    def fair_factors(self) -> list[float]:
        """By what a gradient may differ from that of a cost: sizes, two, and a half."""
        call, args = self.truth.make(self.code)
        shape = self.truth.output(call, args).shape
        sizes = [1.0, *shape, float(np.prod(shape))]
        return [a * b for a, b in product([*sizes, *(1 / s for s in sizes)], (0.5, 1, 2))]

    def claims(self, code: ModuleType) -> Arrays:
        """What a code in this style claims in one step."""
        found = self.truth.claimed(*self.truth.make(code))
        return {name: np.asarray(value) for name, value in found.items()}

    def own_gradient(self, code: ModuleType) -> Arrays:
        """Of the cost by the code's own forward pass, each value on a fresh state."""
        shapes = {name: g.shape for name, g in self.gradient.items()}

        def at(name: str, index: tuple[int, ...], by: float) -> float:
            call, args = self.truth.make(code)
            self.truth.parameters(call, args)[name][index] += by
            return self.truth.own(call, args)

        found = {}
        for name, shape in shapes.items():
            found[name] = np.zeros(shape)
            for index in np.ndindex(shape):
                rise = at(name, index, EPS) - at(name, index, -EPS)
                found[name][index] = rise / (2 * EPS)
        return found

    def judge(self, code: ModuleType, forward: bool = False) -> Verdict:
        """The verdict on a code in this style, whose forward pass is its own where that is changed.

        Beside "right" and "wrong" it is "does not run"; "odd factor", if the one factor is none
        that a cost in the code explains; "another cost", if there is none in it, and what is
        claimed descends (or, returned, ascends) another; "unclear", if it is only a little off.
        """
        try:
            with catch_warnings(action="ignore"):
                claimed = self.claims(code)
                gradient = self.own_gradient(code) if forward else self.gradient
        except Exception:
            return Verdict("does not run")
        verdict = compare(claimed, gradient)
        if verdict.kind == "right" and self.truth.COST_IN_CODE:
            ratio = verdict.factor / self.factor
            if not np.isclose(ratio, self.fair_factors, rtol=1e-3).any():
                return Verdict("odd factor", verdict.factor)
        if verdict.kind == "wrong" and not self.truth.COST_IN_CODE and not forward:
            negative = {name: -value for name, value in claimed.items()}
            others = [compare(claimed, g) for g in self.of_other_costs]
            if not self.moves:
                others.append(compare(negative, gradient))
            if any(other.kind == "right" for other in others):
                return Verdict("another cost")
        return verdict

    @cached_property
    def moves(self) -> bool:
        """Whether the step moves parameters in place or rebinds them."""
        call, args = self.truth.make(self.code)
        before = {n: np.array(p) for n, p in self.truth.parameters(call, args).items()}
        call(*args)
        after = self.truth.parameters(call, args)
        return any((after[name] != value).any() for name, value in before.items())


def compare(claimed: Arrays, gradient: Arrays) -> Verdict:
    """Whether they are the same up to one positive factor."""
    if not all(np.isfinite(np.asarray(c, float)).all() for c in claimed.values()):
        return Verdict("does not run")
    if any(claimed[name].shape != g.shape for name, g in gradient.items()):
        flat = {name: np.squeeze(claimed[name]) for name in gradient}
        flat_gradient = {name: np.squeeze(g) for name, g in gradient.items()}
        if any(flat[name].shape != g.shape for name, g in flat_gradient.items()):
            return Verdict("wrong")
        kind = compare(flat, flat_gradient).kind
        return Verdict("unclear" if kind == "right" else kind)
    c = np.concatenate([claimed[name].ravel() for name in gradient])
    g = np.concatenate([value.ravel() for value in gradient.values()])
    factor = float(c @ g / (g @ g))
    if factor <= 0:
        return Verdict("wrong", factor)
    least = 1e-4 * np.abs(g).max()
    off = max(
        np.abs(claimed[name] / factor - value).max() / max(np.abs(value).max(), least)
        for name, value in gradient.items()
    )
    return Verdict("right" if off < SAME else "wrong" if off > OTHER else "unclear", factor)


STYLES = [Style(path.stem) for path in sorted((HERE / "styles").glob("*.py"))]
