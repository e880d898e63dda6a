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
NO_FORMULA = "it draws, compares or chooses: no formula in real numbers"
LONGEST = 160  # characters of a reason


class Case(NamedTuple):
    """One call of a public function: what it is about, and its arguments."""

    function: str
    about: str
    arguments: tuple[Any, ...]
    settings: Mapping[str, Any] = {}


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


def is_of_floats(law: Law) -> bool:
    """Whether a function computes real numbers from real numbers, and not labels, say."""
    hints = dict(law.hints)
    result = hints.pop("return", None)
    return all(
        any(array.dtype is Float for hint in some for array in array_hints(hint))
        for some in (hints.values(), [result])
    )


def every_function(
    modules: tuple[ModuleType, ModuleType],
    calls: Callable[[str, Law], Iterable["Case"]],
    judge: Callable[["Case"], Iterable[Check]],
) -> tuple[list[Check], dict[str, str]]:
    """Judge every call of every function that has a formula; of the others, say why not."""
    checks: list[Check] = []
    left_out: dict[str, str] = {}
    for name in public_names(*modules):
        both = all(hasattr(bp, name) for bp in modules)
        law = law_for(name, modules[0]) if both else None
        if law is None:
            reason = "declares no shapes: decorate it with @shapechecked"
            reason = reason if both else "is not in both conventions"
            checks.append(Check(name, "the function", "", False, reason))
        elif not is_of_floats(law):
            left_out[name] = NO_FORMULA
        else:
            try:
                made = list(calls(name, law))
            except TypeError as error:  # a parameter that is no array, and has no default
                left_out[name] = str(error).removeprefix("verify: ").partition(";")[0]
                continue
            checks += [check for case in made for check in judge(case)]
    return checks, left_out


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


def outcome(case: Case, convention: str, bp: ModuleType) -> Any:
    """What a convention gives, as column has it; or a refusing check with the exception."""
    function = getattr(bp, case.function)
    turn: Callable[[Any], Any] = flip if convention == "row" else lambda value: value
    place, names = f"{convention}.{case.function}", result_names(function)
    if law_of(function) is None:
        reason = f"{place} is not held to its shapes"
        return Check(place, names[0], case.about, False, reason)
    try:
        with enforce(True):
            return turn(function(*turn(case.arguments), **case.settings))
    except Exception as error:  # whatever a broken copy of a module may raise
        reason = shortened(f"{type(error).__name__}: {error}")
        return Check(place, _quantity(names, error), case.about, False, reason)


def compared(
    case: Case,
    column: ModuleType,
    row: ModuleType,
    expected: Any,
    unlike: Callable[[Any, Any], str],
) -> Iterator[Check]:
    """Whether each convention gives what is expected; ``unlike`` says why one array is not."""
    if isinstance(expected, Check):
        yield expected
        return
    for convention, bp in (("column", column), ("row", row)):
        found = outcome(case, convention, bp)
        if isinstance(found, Check):
            yield found
            continue
        names = result_names(getattr(bp, case.function))
        given, should = (quantities(names, one) for one in (found, expected))
        place = f"{convention}.{case.function}"
        listed, asked = ([name for name, _ in one] for one in (given, should))
        if listed != asked:
            reason = f"gives {', '.join(listed)}, and should give {', '.join(asked)}"
            yield Check(place, listed[0], case.about, False, reason)
            continue
        for (quantity, a), (_, b) in zip(given, should, strict=True):
            reason = shortened(unlike(a, b))
            yield Check(place, quantity, case.about, not reason, reason)


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
