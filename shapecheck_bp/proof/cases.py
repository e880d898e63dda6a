"""Every public function, found by name, called with arguments made to its own annotations.

What is added to ``__all__`` of ``column`` and ``row`` is under the proof without anybody's doing:
its arrays are made from its annotations, and its results are named by its docstring's first line.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any, NamedTuple

from jaxtyping import Float

from shapecheck_bp import column
from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.losses import PAIRS
from shapecheck_bp.network import Network
from shapecheck_bp.proof.report import Check
from shapecheck_bp.shapes.annotations import array_hints
from shapecheck_bp.shapes.errors import ShapeError
from shapecheck_bp.shapes.law import Law, law_of
from shapecheck_bp.shapes.making import Maker
from shapecheck_bp.shapes.switch import enforce
from shapecheck_bp.tracing.naming import quantities, result_names
from shapecheck_bp.transpose import flip

HIDDEN = tuple(ACTIVATIONS)
OUTPUTS = (*ACTIVATIONS, "softmax")
ENDINGS = [(output, None) for output in OUTPUTS] + [(output, "squared_error") for output in PAIRS]
LONGEST = 160  # characters of a reason


class Case(NamedTuple):
    """One call of a public function: what it is about, and its arguments."""

    function: str
    about: str
    arguments: tuple[Any, ...]
    settings: Mapping[str, Any] = {}


Found = list[tuple[str, Any]] | Check  # results by name, or why there are none


def public_names(*modules: ModuleType) -> list[str]:
    """Every name in the modules' ``__all__``, steps before what is made of them."""

    def place(name: str) -> tuple[int, str]:
        function = getattr(modules[0], name, None)
        code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
        return getattr(code, "co_firstlineno", 0), name

    return sorted({name for module in modules for name in module.__all__}, key=place)


def law_for(name: str, module: ModuleType) -> Law | None:
    """What a public function declares; where a copy declares nothing, what the shipped one does."""
    found = (law_of(getattr(bp, name)) for bp in (module, column) if hasattr(bp, name))
    return next((law for law in found if law is not None), None)


def laws(column: ModuleType, row: ModuleType) -> dict[str, Law | None]:
    """What every public function declares; None where it is not in both, or declares nothing."""
    names = public_names(column, row)
    return {
        name: law_for(name, column) if hasattr(column, name) and hasattr(row, name) else None
        for name in names
    }


def takes_and_gives_floats(law: Law) -> bool:
    """Whether a function computes real numbers from real numbers, and not labels, say."""
    hints = dict(law.hints)
    result = hints.pop("return", None)
    return all(
        any(array.dtype is Float for hint in some for array in array_hints(hint))
        for some in (hints.values(), [result])
    )


def cases(
    name: str, law: Law, networks: Iterable[Network], maker: Callable[[Law, Any], Maker]
) -> Iterator[Case]:
    """A call for each network, or each activation, that the function can be asked about."""
    parameters = law.signature.parameters
    asked: list[tuple[str, dict[str, Any]]] = [("", {})]
    if any(law.hints.get(one) is Network for one in parameters):
        asked = [(describe(net), {"net": net}) for net in networks]
    elif "activation" in parameters:
        asked = [(activation, {"activation": activation}) for activation in OUTPUTS]
    for about, others in asked:
        bound = law.signature.bind_partial()
        bound.arguments.update(maker(law, others).arguments())
        yield Case(name, about, bound.args)


def results(case: Case, convention: str, bp: ModuleType) -> Found:
    """What a convention gives, by name and as column has it; or why it gives nothing."""
    function = getattr(bp, case.function)
    turn: Callable[[Any], Any] = flip if convention == "row" else lambda value: value
    names = result_names(function)
    try:
        with enforce(True):
            return quantities(names, turn(function(*turn(case.arguments), **case.settings)))
    except Exception as error:  # whatever a broken copy of a module may raise
        reason = shortened(f"{type(error).__name__}: {error}")
        place = f"{convention}.{case.function}"
        return Check(place, _quantity(names, error), case.about, False, reason)


def _quantity(names: list[str], error: Exception) -> str:
    """The quantity that an exception is about, where it says so."""
    argument = error.argument if isinstance(error, ShapeError) else ""
    place = re.fullmatch(r"the result(?:\[(\d+)\])?(?:\.(\w+))?", argument)
    if place and place[2]:
        return place[2]
    return names[int(place[1])] if place and place[1] and int(place[1]) < len(names) else names[0]


def describe(net: Network) -> str:
    """A network in words: its depth, its functions, its loss."""
    layers = "1 layer" if net.L == 1 else f"{net.L} layers"
    functions = net.output if net.L == 1 else f"{net.hidden}, {net.output}"
    return f"{layers}, {functions}, {net.loss}"


def shortened(text: str) -> str:
    """A reason in one line that is not too long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
