"""The code of a checked function, written for its annotations when it is first called.

Whether an array fits depends on its class, shape and dtype alone, so a call whose signature has
passed needs no judge. What is left is to take the signature and look it up; and as that is done at
every call, no loop over annotations does it. A ``Writer`` goes through them once, writes down for
each argument the expression of all that the verdict on it depends on, and puts these into a
function that passes everything else on. That is why there is text here, and ``exec`` in ``law``.

>>> from inspect import signature
>>> from jaxtyping import Float
>>> def scaled(X: Float[Any, "n m"], by: float = 1.0) -> Float[Any, "n m"]: ...
>>> print(Writer(signature(scaled), scaled.__annotations__).source())
def checked(X, by):
    __tracebackhide__ = True
    _shapecheck_now = _shapecheck_mode.get()
    if _shapecheck_now is not False:
        if _shapecheck_now is True:
            return _shapecheck_function(X, by)
        with _shapecheck_law.heard(_shapecheck_now, {'X': X, 'by': by}) as _shapecheck_done:
            _shapecheck_result = _shapecheck_function(X, by)
            _shapecheck_done(_shapecheck_result)
        return _shapecheck_result
    _shapecheck_signature = _shapecheck_results = None
    try:
        _shapecheck_signature = (X.__class__, X.shape, X.dtype, by is _shapecheck_default_0 or (by.__class__,))
        _shapecheck_results = _shapecheck_memory[_shapecheck_signature]
    except _shapecheck_Exception:
        pass
    if _shapecheck_results is None:
        _shapecheck_results = _shapecheck_law.before(_shapecheck_signature, {'X': X, 'by': by})
    _shapecheck_result = _shapecheck_function(X, by)
    _shapecheck_outcome = None
    try:
        _shapecheck_outcome = (_shapecheck_result.__class__, _shapecheck_result.shape, _shapecheck_result.dtype,)
        if _shapecheck_outcome in _shapecheck_results:
            return _shapecheck_result
    except _shapecheck_Exception:
        pass
    _shapecheck_law.after(_shapecheck_results, _shapecheck_outcome, _shapecheck_result, {'X': X, 'by': by})
    return _shapecheck_result
<BLANKLINE>
"""  # noqa: E501  # lines as they are written

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from inspect import Parameter, Signature
from types import UnionType
from typing import (
    Any,
    ForwardRef,
    NewType,
    TypeVar,
    Union,
    get_args,
    get_origin,
    is_typeddict,
)

from shapecheck_bp.shapes.annotations import (
    Field,
    array_hints,
    fields_of,
    is_anything,
    is_array_hint,
    is_carried,
    is_class,
    is_record,
    is_resolved,
    is_tree,
    parts_of,
    record_class,
)
from shapecheck_bp.shapes.kinds import accepts

PREFIX = "_shapecheck_"  # of every name in the code of a checked function that is not a parameter's
DEEPEST = 8

READ_BY_A_COMPILER = """\
    if _shapecheck_compiling():
        if _shapecheck_is_off():
            return {run}
        _shapecheck_sizes = {{}}
        if _shapecheck_fits(_shapecheck_plan, {given}, _shapecheck_sizes):
            _shapecheck_result = {run}
            if _shapecheck_fits(_shapecheck_plan_of_result, _shapecheck_result, _shapecheck_sizes):
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


class NotMemorable(Exception):
    """An annotation that looks at more than shapes, dtypes and classes."""


class Writer:
    """Writes the code of one checked function; ``names`` is what the code refers to."""

    def __init__(self, signature: Signature, hints: Mapping[str, Any], conf: Any = None) -> None:
        self.conf = conf
        self.parameters: Collection[Parameter] = signature.parameters.values()
        self.names: dict[str, Any] = {}
        self.remembers_all = False  # whether no argument is left out of the signature
        self.signature = self.outcome = "None"  # nothing is remembered by that
        if any(parameter.name.startswith(PREFIX) for parameter in self.parameters):
            self.parameters = ANYTHING
            return
        try:
            keys = [self._key_of(parameter, hints) for parameter in self.parameters]
            result = self.key(hints.get("return", Any), f"{PREFIX}result")
        except NotMemorable:
            return
        self.remembers_all = all(keys)
        self.signature, self.outcome = _tuple(filter(None, keys)), _tuple(filter(None, [result]))

    def source(self, is_async: bool = False, repeats: bool = False, read_as: str = "") -> str:
        """The whole function, its parameters without their defaults.

        Args:
            is_async: whether it waits for the function that is checked.
            repeats: whether a call that has passed may be repeated in another way.
            read_as: the function's name, where a compiler may read the code; else nothing.
        """
        waits = "await " if is_async else ""
        by_position, by_name = self._passed_on()
        passed_on = ", ".join((*by_position, *by_name))
        run = f"{waits}{PREFIX}function({passed_on})"
        given = _tuple(parameter.name for parameter in self.parameters)
        misfit = f"{read_as}: a call that is being compiled does not fit its annotations"
        compiler = READ_BY_A_COMPILER.format(run=run, given=given, misfit=misfit)
        return CODE.format(
            compiler=compiler if read_as else "",
            define="async def" if is_async else "def",
            parameters=self._declared(),
            run=run,
            repeat=REPEAT.format(passed_on=passed_on) if repeats else "",
            signature=self.signature,
            outcome=self.outcome,
            arguments=self._by_name(),
        )

    def _key_of(self, parameter: Parameter, hints: Mapping[str, Any]) -> str:
        """What an argument is remembered by."""
        name, hint = parameter.name, hints.get(parameter.name, Any)
        if parameter.kind is Parameter.VAR_POSITIONAL and not array_hints(hint):
            return self._each(name, *get_args(hint)[:1])
        if parameter.kind is Parameter.VAR_KEYWORD and get_args(hint) and not array_hints(hint):
            return self._each(f"{name}.values()", *get_args(hint)[1:])
        return self._or_default(self.key(hint, name), name, parameter.default)

    def _each(self, items: str, hint: Any = Any) -> str:
        """What items are remembered by, each of which is looked at."""
        key = self.key(hint, f"{PREFIX}item")
        return f"*[({key},) for {PREFIX}item in {items}]" if key else ""

    def _or_default(self, key: str, place: str, default: Any) -> str:
        """What is remembered of a value that has a default; that is trusted, and told apart."""
        if not key or default is Parameter.empty or default is MISSING:
            return key
        self.names[name := f"{PREFIX}default_{len(self.names)}"] = default
        return f"{place} is {name} or ({key},)"

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

    def _passed_on(self) -> tuple[list[str], list[str]]:
        """The parameters as a call has them: by position, and by name."""
        forms: dict[Any, str] = {
            Parameter.VAR_POSITIONAL: "*{0}",
            Parameter.KEYWORD_ONLY: "{0}={0}",
            Parameter.VAR_KEYWORD: "**{0}",
        }
        by_position: list[str] = []
        by_name: list[str] = []
        for parameter in self.parameters:
            named = parameter.kind in (Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD)
            written = forms.get(parameter.kind, "{0}").format(parameter.name)
            (by_name if named else by_position).append(written)
        return by_position, by_name

    def key(self, hint: Any, place: str, depth: int = 0) -> str:
        """The expression, for a value at ``place``, of all that the verdict on it depends on.

        >>> from jaxtyping import Float
        >>> writer = Writer(Signature(), {})
        >>> writer.key(Float[Any, "n m"], "X")
        'X.__class__, X.shape, X.dtype'
        >>> writer.key(str | None, "name")
        '_shapecheck_class_or_array(name)'

        Raises:
            NotMemorable: where that is more than can be kept.
        """
        origin, arguments = get_origin(hint), get_args(hint)
        if is_anything(hint):
            return ""
        if is_array_hint(hint):
            return _key_of_array(hint, place)
        if is_resolved(hint):
            raise NotMemorable  # a tree of any depth
        if origin is Callable:
            self.names[f"{PREFIX}callable"] = callable
            return f"{PREFIX}callable({place})"
        if is_tree(hint):
            return self._key_of_tree(hint, place)
        if hint is None or _is_plain(hint):
            return f"{place}.__class__"
        if hasattr(hint, "__shape_axes__"):
            return _key_of_source(hint, place)
        if not all(map(_is_ordinary, parts_of(hint))):
            raise NotMemorable
        if origin in (Union, UnionType) and (array_hints(hint) or all(map(_is_plain, arguments))):
            return self._key_of_union(hint, place, depth)
        if is_record(hint) and is_carried(hint):
            return f"{place}.__class__"
        if not array_hints(hint) and not (is_record(hint) and record_class(hint) is dict):
            return self._key_of_verdict(hint, place)
        if is_record(hint) and depth < DEEPEST:
            inside = [self._key_of_field(field, hint, place, depth) for field in fields_of(hint)]
        elif origin is tuple and arguments[-1] is not Ellipsis:
            inside = [self.key(item, f"{place}[{i}]", depth) for i, item in enumerate(arguments)]
            inside.append(f"{place}.__len__()")
        elif is_class(origin, Mapping) and _is_plain(arguments[0]):
            item, name = f"{PREFIX}item{depth}", f"{PREFIX}key"
            each = f"{name}.__class__, {name}, {self.key(arguments[1], item, depth + 1)}"
            inside = [f"*[({each},) for {name}, {item} in {place}.items()]"]
        elif is_class(origin, Collection) and not is_class(origin, Mapping):
            item = f"{PREFIX}item{depth}"
            inside = [f"*[({self.key(arguments[0], item, depth + 1)},) for {item} in {place}]"]
        else:
            raise NotMemorable
        return ", ".join([f"{place}.__class__", *filter(None, inside)])

    def _key_of_field(self, field: Field, record: Any, place: str, depth: int) -> str:
        if record_class(record) is not dict:
            there = f"{place}.{field.name}"
            return self._or_default(self.key(field.hint, there, depth + 1), there, field.default)
        key = self.key(field.hint, f"{place}[{field.name!r}]", depth + 1)
        return f"{field.name!r} in {place} and ({key},)"

    def _key_of_union(self, hint: Any, place: str, depth: int) -> str:
        """Of arrays and plain classes: whichever came; of a container: what is in it."""
        self.names[f"{PREFIX}class_or_array"] = class_or_array
        self.names[f"{PREFIX}isinstance"] = isinstance
        key = f"{PREFIX}class_or_array({place})"
        for option in get_args(hint)[::-1]:
            if is_array_hint(option):
                _key_of_array(option, place)
            elif not _is_plain(option):
                kind = get_origin(option) or option
                if not isinstance(kind, type) or is_typeddict(kind):
                    raise NotMemorable
                self.names[name := f"{PREFIX}kind_{len(self.names)}"] = kind
                inside = self.key(option, place, depth)
                key = f"({inside},) if {PREFIX}isinstance({place}, {name}) else {key}"
        return f"({key})" if " if " in key else key

    def _key_of_tree(self, hint: Any, place: str) -> str:
        """Of a PyTree: its structure, and each leaf."""
        for option in get_args(hint.leaftype) or (hint.leaftype,):
            if is_array_hint(option):
                _key_of_array(option, place)
            elif not (_is_plain(option) or is_anything(option)):
                raise NotMemorable
        self.names[f"{PREFIX}leaves_and_structure"] = leaves_and_structure
        return f"*{PREFIX}leaves_and_structure({place})"

    def _key_of_verdict(self, hint: Any, place: str) -> str:
        """Of what depends on more than the class: what beartype says of it."""
        self.names[name := f"{PREFIX}hint_{len(self.names)}"] = hint
        self.names[f"{PREFIX}accepts"] = accepts
        conf = ""
        if self.conf is not None:
            self.names[f"{PREFIX}conf"] = self.conf
            conf = f", {PREFIX}conf"
        return f"{PREFIX}accepts({place}, {name}{conf})"


def class_or_array(value: Any) -> object:
    """What a union of arrays and plain classes is remembered by."""
    return (type(value), value.shape, value.dtype) if hasattr(value, "dtype") else type(value)


def leaves_and_structure(tree: Any) -> tuple[Any, ...]:
    """What a PyTree is remembered by."""
    from jax.tree_util import tree_flatten

    leaves, structure = tree_flatten(tree)
    return structure, *map(class_or_array, leaves)


def _tuple(items: Iterable[str]) -> str:
    """The expression of a tuple."""
    written = list(items)
    return f"({', '.join(written)}{',' if len(written) == 1 else ''})"


def _key_of_array(hint: Any, place: str) -> str:
    computed = f", f{hint.dim_str!r}" if "{" in hint.dim_str else ""
    return f"{place}.__class__, {place}.shape, {place}.dtype{computed}"


def _key_of_source(hint: Any, place: str) -> str:
    """Of what settles axes: itself where it is frozen, and equal only where all of it is."""
    whole = is_dataclass(hint) and all(field.compare for field in fields(hint))
    frozen = whole and hint.__dataclass_params__.frozen
    return place if frozen else f"{place}.__class__, *{place}.__shape_axes__().items()"


def _is_ordinary(part: Any) -> bool:
    """Whether beartype can be asked about this outside a call, where no axis has a size yet."""
    hidden = isinstance(part, NewType | TypeVar | ForwardRef | str)
    foreign = type(part).__module__.partition(".")[0] == "jaxtyping"
    return not hidden and (is_array_hint(part) or not foreign)


def _is_plain(hint: Any) -> bool:
    """Whether membership is a matter of the class alone."""
    return (
        isinstance(hint, type)
        and not get_args(hint)
        and not is_record(hint)
        and not hasattr(hint, "__shape_axes__")
        and type(hint).__instancecheck__ is type.__instancecheck__
    )
