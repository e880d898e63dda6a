"""A module's functions without their checks, for calls that are known to pass throughout.

In ``column`` and ``row`` every shape, of a step or a result, follows from those of a function's own
arguments. Where a signature of ``gradients`` has been through once, with every step and the result
judged, so has the next call with that signature; it runs on the twins, which call one another
directly, or on a program recorded from them (``program``). As soon as anything that the functions
refer to has been replaced, they are not used.
"""

from collections.abc import Callable
from functools import partial
from operator import itemgetter
from types import FunctionType
from typing import Any

from shapecheck_bp.shapes.law import Law, Repeats, law_of
from shapecheck_bp.shapes.memory import Results
from shapecheck_bp.transpose import map_leaves

MOST_PROGRAMS = 256  # of one function; each is some 25 kB


def replayed(names: dict[str, Any]) -> None:
    """Have the checked functions of a module repeated by their twins and by programs.

    Args:
        names: the module's ``globals()``, once all of its functions are there.
    """
    checked = {name: law for name, value in names.items() if (law := law_of(value)) is not None}
    laws = {name: law for name, law in checked.items() if law.function.__globals__ is names}
    referred = {name for law in laws.values() for name in law.function.__code__.co_names}
    look = itemgetter(*sorted(referred & names.keys()))
    seen, twins = look(names), dict(names)
    for name, law in laws.items():
        function = law.function
        twin = FunctionType(function.__code__, twins, name, function.__defaults__)
        twin.__kwdefaults__ = function.__kwdefaults__
        twins[name] = twin
        law.repeats = Repeats(twin, partial(_second_call, law, twin), look, names, seen)
        law.memory.most = MOST_PROGRAMS


def _second_call(law: Law, twin: Callable[..., Any], results: Results, *args: Any) -> Any:
    """Write the program that a signature's later calls are, while making the second one."""
    from shapecheck_bp.replay.program import NotNow, learn

    # With a setting, such as a block_size, there is no program; its steps may have their own. Nor
    # is there where a signature leaves out an argument, which may be another one next time.
    if not law.remembers_all or _has_settings(args):
        results.repeat = law.function
        return law.function(*args)
    again, results.repeat = results.repeat, twin  # for other threads, until it is written
    try:
        results.repeat, result = learn(twin, args, law.signature.parameters)
    except NotNow:
        results.repeat, result = again, twin(*args)
    return result


def _has_settings(arguments: tuple[Any, ...]) -> bool:
    """Whether there is more than arrays and a network among the arguments."""
    leaves: list[Any] = []
    map_leaves(leaves.append, arguments)
    return not all(
        leaf is None or hasattr(leaf, "dtype") or hasattr(leaf, "__shape_axes__") for leaf in leaves
    )
