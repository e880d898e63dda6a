"""Annotations as their author meant them: names that are local, recursive, or not there at all.

Under ``from __future__ import annotations`` an annotation is text, and its names may be those of
the function around it, or such as only a type checker imports. What cannot be known stands for
anything, and the rest of the annotation is read as it is.

>>> hints = read_hints("f", {"x": "dict[str, Missing]", "n": "int"})
>>> hints["n"], isinstance(3, hints["x"].__args__[1])
(<class 'int'>, True)
"""

import builtins
import inspect
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from traceback import walk_tb
from types import FrameType, ModuleType, SimpleNamespace, UnionType
from typing import Any, ForwardRef, get_args, get_type_hints


class _Anything(type):
    def __instancecheck__(cls, value: object) -> bool:
        return True

    def __getitem__(cls, item: object) -> type:
        return cls

    def __getattr__(cls, name: str) -> type:
        if name.startswith("_"):
            raise AttributeError(name)
        return cls

    def __call__(cls, *args: Any, **kwargs: Any) -> type:
        return cls


class Unknown(metaclass=_Anything):
    """Stands in an annotation for a name that is not there; every value is one."""


class _Names(dict[str, Any]):
    """Names for ``eval``, of which none is missing."""

    def __init__(self, *spaces: Mapping[str, Any]) -> None:
        self.spaces = (*spaces, vars(builtins))

    def __missing__(self, name: str) -> Any:
        return next((space[name] for space in self.spaces if name in space), Unknown)


def annotations_of(thing: Any) -> Mapping[str, Any]:
    """What a function or class itself is annotated with, as it stands.

    Since Python 3.14 that is computed when it is asked for; what is not there yet is then left as
    text.
    """
    try:
        found = getattr(thing, "__annotations__", None)
    except NameError:
        found = _with_texts(thing)
    return found if isinstance(found, Mapping) else {}


def signature_of(function: Any, follow_wrapped: bool = True) -> inspect.Signature:
    """A function's parameters, also where annotations name what is not there."""
    try:
        return inspect.signature(function, follow_wrapped=follow_wrapped)
    except NameError:  # since Python 3.14
        from annotationlib import Format  # type: ignore[import-not-found,unused-ignore]

        texts: dict[str, Any] = {"annotation_format": Format.STRING}
        return inspect.signature(function, follow_wrapped=follow_wrapped, **texts)


def _with_texts(thing: Any) -> dict[str, Any]:
    """Annotations, of which those that name what is not there are texts."""
    from annotationlib import Format, get_annotations  # type: ignore[import-not-found,unused-ignore]

    values, texts = (get_annotations(thing, format=f) for f in (Format.FORWARDREF, Format.STRING))
    return {name: texts[name] if any(_texts([values[name]])) else values[name] for name in values}


def read_hints(
    owner: Any, annotations: Mapping[str, Any], *spaces: Mapping[str, Any]
) -> dict[str, Any]:
    """Annotations by name, of a function or class.

    A name in their text is what the first space that has it says.
    """
    names = _Names(*spaces)
    of = getattr(owner, "__qualname__", owner)
    return {
        name: _read(f"{of}: {name}", annotation, names) for name, annotation in annotations.items()
    }


def _read(what: str, annotation: Any, names: _Names) -> Any:
    try:
        hint = _evaluated(annotation, names)
        _read_inside(hint, names, {})
    except Exception as error:  # whatever text may raise
        if _is_of_axes(error):
            warnings.warn(
                f"{what} is not checked: its annotation {annotation} is no shape. {error}",
                stacklevel=2,
            )
        return Unknown
    return hint


def _evaluated(annotation: Any, names: _Names) -> Any:
    """An annotation with all of its texts read; each name is looked up when it is missed."""
    one = SimpleNamespace(__annotations__={"it": annotation})
    known: dict[str, Any] = {}
    while True:
        try:
            return get_type_hints(one, {}, known, include_extras=True)["it"]
        except NameError as error:
            if not error.name or error.name in known:
                raise
            known[error.name] = names[error.name]


def _is_of_axes(error: Exception) -> bool:
    """Whether jaxtyping has refused the axes of an annotation, and not Python its text."""
    *_, (frame, _) = walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__")).startswith("jaxtyping")


_STANDS_FOR: dict[int, tuple[ForwardRef, Any]] = {}
"""By the identity of a name that is left inside of an annotation: itself, and what it means."""


def meant_by(hint: Any) -> Any:
    """What a name inside an annotation stands for, once that has been read; else None."""
    return _STANDS_FOR.get(id(hint), (None, None))[1] if isinstance(hint, ForwardRef) else None


def _read_inside(hint: Any, names: _Names, known: dict[str, Any]) -> None:
    """Know of the names inside, which a recursive alias has of itself, what they stand for."""
    if isinstance(hint, ForwardRef):
        if id(hint) in _STANDS_FOR:
            return
        text = hint.__forward_arg__
        if text not in known:
            known[text] = eval(text, {}, names)
            _read_inside(known[text], names, known)
        _STANDS_FOR[id(hint)] = hint, known[text]
    else:
        for part in get_args(hint):
            _read_inside(part, names, known)


def names_around(function: Callable[..., Any], annotations: Mapping[str, Any]) -> dict[str, Any]:
    """What annotations name that is local to where a function is being decorated."""
    texts = " ".join(_texts(annotations.values()))
    if not texts:
        return {}
    wanted = {*re.findall(r"[^\W\d]\w*", texts)}
    found: dict[str, Any] = {}
    for frame in _frames_in(getattr(sys.modules.get(function.__module__), "__dict__", None)):
        for name in wanted & frame.f_locals.keys() - found.keys():
            if _may_be_named(frame.f_locals[name]):
                found[name] = frame.f_locals[name]
    return found


def names_in_body(function: Callable[..., Any]) -> dict[str, Any]:
    """The modules, functions and classes that a function's body names, for who reads its source.

    TorchScript looks them up among the globals of what it is given.
    """
    code = getattr(function, "__code__", None)
    own = getattr(function, "__globals__", {})
    found = {name: own[name] for name in getattr(code, "co_names", ()) if name in own}
    for name, cell in zip(
        getattr(code, "co_freevars", ()), getattr(function, "__closure__", None) or (), strict=False
    ):
        with suppress(ValueError):  # not there yet
            found[name] = cell.cell_contents
    return {name: value for name, value in found.items() if _may_be_named(value)}


def _texts(annotations: Any) -> Iterator[str]:
    for annotation in annotations:
        if isinstance(annotation, str):
            yield annotation
        elif isinstance(annotation, ForwardRef):
            yield annotation.__forward_arg__
        else:
            yield from _texts(get_args(annotation))


def _frames_in(module: dict[str, Any] | None) -> Iterator[FrameType]:
    """The running functions and class bodies of a module, innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals is not module:
        frame = frame.f_back
    while frame is not None and frame.f_globals is module and frame.f_locals is not module:
        yield frame
        frame = frame.f_back


def _may_be_named(value: Any) -> bool:
    """Whether this is what annotations are made of, and no data, which would be kept alive."""
    return callable(value) or isinstance(value, ModuleType | UnionType)
