"""The code of a checked function, as text.

>>> import inspect
>>> code = wrapper_source(inspect.signature(lambda X, n=1: X), "", "(X.shape,)", "()", False)
>>> code.splitlines()[0]
'def checked(X, n):'
"""

import inspect
from typing import Any

from shapecheck_bp.memory import PREFIX

# The order of a checked call: is the check off, or heard by someone; has this signature passed; and
# this result of it.
_CODE = """\
{define} checked({parameters}):
    __tracebackhide__ = True
    _shapecheck_now = _shapecheck_mode.get()
    if _shapecheck_now is not False:
        if _shapecheck_now is True:
            return {run}
        with _shapecheck_law.heard(_shapecheck_now, {arguments}) as _shapecheck_done:
            _shapecheck_result = {run}
            _shapecheck_done(_shapecheck_result)
        return _shapecheck_result
    _shapecheck_signature = _shapecheck_results = None
    try:
        _shapecheck_signature = {signature}
        _shapecheck_results = _shapecheck_memory[_shapecheck_signature]
    except _shapecheck_Exception:
        pass
    if _shapecheck_results is None:
        _shapecheck_results = _shapecheck_law.before(_shapecheck_signature, {arguments})
    {known}_shapecheck_result = {run}
    _shapecheck_outcome = None
    try:
        _shapecheck_outcome = {outcome}
        if _shapecheck_outcome in _shapecheck_results:
            return _shapecheck_result
    except _shapecheck_Exception:
        pass
    _shapecheck_law.after(_shapecheck_results, _shapecheck_outcome, _shapecheck_result, {arguments})
    return _shapecheck_result
"""


_KNOWN = """\
if _shapecheck_results and _shapecheck_look(_shapecheck_names) == _shapecheck_seen:
        return _shapecheck_results.repeat({passed_on})
    """


def wrapper_source(
    signature: inspect.Signature, waits: str, key: str, outcome: str, repeats: bool
) -> str:
    """The whole of it.

    Args:
        signature: the function's own.
        waits: ``"await "`` where it is asynchronous, else nothing.
        key: the expression that its arguments are remembered by.
        outcome: the expression that a result is remembered by.
        repeats: whether a call whose key is known can be repeated without its steps' checks.
    """
    by_position, by_name = _passed_on(signature)
    passed_on = ", ".join((*by_position, *by_name))
    return _CODE.format(
        define=f"{'async ' if waits else ''}def",
        parameters=_declared(signature),
        run=f"{waits}{PREFIX}function({passed_on})",
        known=_KNOWN.format(passed_on=passed_on) if repeats else "",
        signature=key,
        outcome=outcome,
        arguments=f"({''.join(f'{one}, ' for one in by_position)}),"
        f" {PREFIX}dict({', '.join(by_name)})",
    )


def defaults(signature: inspect.Signature) -> tuple[tuple[Any, ...], dict[str, Any] | None]:
    """What a function has as ``__defaults__`` and ``__kwdefaults__``."""
    parameters = [one for one in signature.parameters.values() if one.default is not one.empty]
    named = {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}
    plain = (one.default for one in parameters if one.kind is not one.KEYWORD_ONLY)
    return tuple(plain), named or None


def _declared(signature: inspect.Signature) -> str:
    """The parameters as a ``def`` has them; their defaults are set on the function itself."""
    bare = inspect.Parameter.empty
    plain = [
        parameter.replace(annotation=bare, default=bare)
        for parameter in signature.parameters.values()
    ]
    return str(inspect.Signature(plain))[1:-1]


def _passed_on(signature: inspect.Signature) -> tuple[list[str], list[str]]:
    """The parameters as a call has them: by position, and by name."""
    forms: dict[Any, str] = {
        inspect.Parameter.VAR_POSITIONAL: "*{0}",
        inspect.Parameter.KEYWORD_ONLY: "{0}={0}",
        inspect.Parameter.VAR_KEYWORD: "**{0}",
    }
    by_position: list[str] = []
    by_name: list[str] = []
    for one in signature.parameters.values():
        named = one.kind in (one.KEYWORD_ONLY, one.VAR_KEYWORD)
        (by_name if named else by_position).append(forms.get(one.kind, "{0}").format(one.name))
    return by_position, by_name
