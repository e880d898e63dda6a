"""The code of a checked function, written for its annotations when it is first called.

Whether an array fits depends on its class, shape and dtype alone, so a call whose signature has
passed needs no judge. What is left is to take the signature and look it up; and as that is done at
every call, no loop over annotations does it. A ``Writer`` goes through them once, writes down for
each argument the expression of all that the verdict on it depends on, and puts these into a
function that passes everything else on. That is why there is text here, and ``exec``.

>>> from inspect import signature
>>> from jaxtyping import Float
>>> def scaled(X: Float[Any, "n m"], by: float = 1.0) -> Float[Any, "n m"]: ...
>>> Writer(signature(scaled), scaled.__annotations__).signature
'(X.__class__, X.shape, X.dtype, by is _shapecheck_default_0 or (by.__class__,))'
"""

from collections.abc import Collection, Iterable, Mapping
from inspect import Parameter, Signature
from typing import Any

from shapecheck_bp.shapes.keys import PREFIX, Keys, NotMemorable

READ_BY_A_COMPILER = """\
    if _shapecheck_compiling():
        if _shapecheck_is_off():
            return {run}
        _shapecheck_known = {{}}, _shapecheck_things
        if _shapecheck_fits({plans[0]!r}, {given}, *_shapecheck_known):
            _shapecheck_result = {read}
            if _shapecheck_fits({plans[1]!r}, _shapecheck_result, *_shapecheck_known):
                return _shapecheck_result
        raise _shapecheck_TypeError({misfit!r})
"""

# In this order: is the check off, or heard by someone; has this signature passed; may it be
# repeated without its steps; has it had this outcome.
CODE = """\
{define} checked({parameters}):
    __tracebackhide__ = True
{compiler}    _shapecheck_now = _shapecheck_mode.get()
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
{repeat}    _shapecheck_result = {run}
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

REPEAT = """\
    if _shapecheck_results.repeat and _shapecheck_look(_shapecheck_where) == _shapecheck_seen:
        return _shapecheck_results.repeat({passed_on})
"""


ANYTHING = (  # where a parameter has a name that the code needs
    Parameter(f"{PREFIX}args", Parameter.VAR_POSITIONAL),
    Parameter(f"{PREFIX}kwargs", Parameter.VAR_KEYWORD),
)


class Writer:
    """Writes the code of one checked function; ``names`` is what the code refers to."""

    def __init__(
        self,
        signature: Signature,
        hints: Mapping[str, Any],
        conf: Any = None,
        makes_record: bool = False,
    ) -> None:
        self.parameters: Collection[Parameter] = signature.parameters.values()
        keys = Keys(conf, makes_record)
        self.names = keys.names
        self.remembers_all = False  # whether no argument is left out of the signature
        self.signature = self.outcome = "None"  # nothing is remembered by that
        if any(parameter.name.startswith(PREFIX) for parameter in self.parameters):
            self.parameters = ANYTHING
            return
        try:
            given = [keys.of_parameter(parameter, hints) for parameter in self.parameters]
            result = keys.key(hints.get("return", Any), f"{PREFIX}result")
        except NotMemorable:
            return
        self.remembers_all = all(given)
        self.signature, self.outcome = _tuple(filter(None, given)), _tuple(filter(None, [result]))

    def source(
        self, is_async: bool = False, repeats: bool = False, read_as: str = "", plans: Any = None
    ) -> str:
        """The whole function, its parameters without their defaults.

        Args:
            is_async: whether it waits for the function that is checked.
            repeats: whether a call that has passed may be repeated in another way.
            read_as: the function's name, where a compiler may read the code; else nothing.
            plans: by which a compiler compares what is given, and what comes.
        """
        waits = "await " if is_async else ""
        passed_on = self._passed_on()
        run = f"{waits}{PREFIX}function({passed_on})"
        given = _tuple(parameter.name for parameter in self.parameters)
        misfit = f"{read_as}: a call that is being compiled does not fit its annotations"
        read = (
            f"{PREFIX}unchecked({passed_on}) if {PREFIX}is_whole() else {run}" if repeats else run
        )
        about = {"run": run, "read": read, "given": given, "misfit": misfit, "plans": plans}
        return CODE.format(
            compiler=READ_BY_A_COMPILER.format(**about) if read_as else "",
            define="async def" if is_async else "def",
            parameters=self._declared(),
            run=run,
            repeat=REPEAT.format(passed_on=passed_on) if repeats else "",
            signature=self.signature,
            outcome=self.outcome,
            arguments=self._by_name(),
        )

    def _by_name(self) -> str:
        """The arguments as a dict by name, defaults included."""
        if self.parameters is ANYTHING:
            return f"{PREFIX}law.bind({PREFIX}args, {PREFIX}kwargs)"
        names = (parameter.name for parameter in self.parameters)
        return f"{{{', '.join(f'{name!r}: {name}' for name in names)}}}"

    def _declared(self) -> str:
        """The parameters as a ``def`` has them."""
        bare = [
            parameter.replace(annotation=Parameter.empty, default=Parameter.empty)
            for parameter in self.parameters
        ]
        return str(Signature(bare))[1:-1]

    def _passed_on(self) -> str:
        """The parameters as a call has them."""
        forms: dict[Any, str] = {
            Parameter.VAR_POSITIONAL: "*{0}",
            Parameter.KEYWORD_ONLY: "{0}={0}",
            Parameter.VAR_KEYWORD: "**{0}",
        }
        return ", ".join(forms.get(each.kind, "{0}").format(each.name) for each in self.parameters)

    def give(self, function: Any, source: str, names: dict[str, Any]) -> None:
        """Give a function the code, what it refers to, and the defaults of its parameters.

        Nothing that is called meanwhile, in another thread, finds half of it.
        """
        made: dict[str, Any] = {}
        exec(compile(source, f"<{function.__name__}, shapechecked>", "exec"), made)
        function.__globals__.update(names | self.names)
        given = [each for each in self.parameters if each.default is not each.empty]
        by_name = {each.name: each.default for each in given if each.kind is each.KEYWORD_ONLY}
        function.__defaults__ = tuple(each.default for each in given if each.name not in by_name)
        function.__kwdefaults__ = by_name or None
        function.__code__ = made["checked"].__code__


def _tuple(items: Iterable[str]) -> str:
    """The expression of a tuple."""
    written = list(items)
    return f"({', '.join(written)}{',' if len(written) == 1 else ''})"
