"""Copies of what can change, made without running anybody's code.

``copy.deepcopy`` asks objects for ``__deepcopy__``, ``__reduce_ex__`` and the like, and so runs
what a person wrote there, or in ``__getattr__``. Here arrays, containers and the attributes of
objects are copied as they lie in memory; what a library made is copied in the library's way. What
cannot be copied so is refused.

>>> class Net:
...     __module__ = "theirs"
...     def __init__(self):
...         self.W = np.ones(2)
...     def __deepcopy__(self, memo):
...         print("never printed")
>>> net = Net()
>>> other = Copier().copy({"net": net, "W": net.W})
>>> other["net"] is net, other["net"].W is net.W, other["W"] is other["net"].W
(False, False, True)
"""

import copy
import gc
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum
from functools import partial
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FrameType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

import numpy as np

from shapecheck_bp.reading.failing import is_a_persons
from shapecheck_bp.reading.live import plain_code
from shapecheck_bp.reading.reached import (
    is_a_persons_class,
    is_of_python,
    module_of,
    mro_of,
    own_names,
)
from shapecheck_bp.reading.sources import no_warnings

MOST_BYTES = 2**28
NOT_CHANGED = (
    *(str, bytes, bool, int, float, complex, type(None), range, slice, type(Ellipsis), type),
    *(ModuleType, np.generic, np.dtype, np.ufunc, property, Enum),
    *(type(threading.Lock()), type(threading.RLock())),
)
NOT_COPIED = (*NOT_CHANGED, FunctionType, BuiltinFunctionType, CodeType, FrameType)
LISTS: dict[type, Callable[[Any, Any], None]] = {
    list: list.append,
    deque: deque.append,
    set: set.add,
}
BARE = (np.ndarray, list, dict, tuple, set, frozenset, deque, OrderedDict, defaultdict)
NOT_CHANGED_OF = ("jax", "jaxlib")
REFUSED = ("__array_finalize__", "__torch_function__", "__del__")  # would run for a copy
ASKED = ("__deepcopy__", "__reduce__", "__reduce_ex__", "__getstate__")


def _seen_alike(view: Any, owner: Any, copied: Any) -> Any:
    """A view of a copy that shows of it what a view shows of the owner of its memory.

    Where a copy has more digits than the owner, so has the view.

    >>> W = np.ones((2, 3))
    >>> copied = W.copy()
    >>> turned = _seen_alike(W.T, W, copied)
    >>> copied += 1
    >>> turned.shape, turned[2, 1]
    ((3, 2), np.float64(2.0))
    """
    first, start = (one.__array_interface__["data"][0] for one in (owner, view))
    memory = copied.ravel(order="K")  # the owner's memory is in one piece
    wider = copied.itemsize // owner.itemsize
    if wider != 1 and view.dtype != owner.dtype:
        return view.copy()
    dtype = view.dtype if wider == 1 else copied.dtype
    strides = [wider * stride for stride in view.strides]
    return np.ndarray(view.shape, dtype, memory, wider * (start - first), strides)


class NotAgain(Exception):
    """A call that cannot be made again, and why."""


class Copier:
    """Makes copies; what is met twice is copied once."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        """Refuse arrays of more bytes than these, all together."""
        self.left = self.most = most
        self.memo: dict[int, Any] = {}
        self.alive: list[Any] = []  # what an identity in the memo is of
        self.entries: dict[int, tuple[type, list[Any]]] = {}
        """Where objects of a class hold what they hold, by its identity; for other copiers, too."""

    def copy(self, value: Any) -> Any:
        """A copy of what can change, or the thing itself where nothing of it can.

        Raises:
            NotAgain: it is too large, or cannot be copied without running somebody's code.
        """
        kind = type(value)
        if kind is float or issubclass(kind, NOT_CHANGED):
            return value
        if id(value) in self.memo:
            return self.memo[id(value)]
        self.alive.append(value)
        made = self._copied(value, kind)
        return self.memo.setdefault(id(value), made)

    def _copied(self, value: Any, kind: type) -> Any:
        if kind is np.ndarray:  # what there is most of
            return self._array(value, kind)
        written = is_a_persons_class(kind)
        if written and (hook := _defined(kind, REFUSED, by_a_person=True)):
            raise NotAgain(f"{kind.__name__}.{hook} would be called")
        if issubclass(kind, np.ndarray):
            return self._array(value, kind)
        if issubclass(kind, (list, deque, set)):
            return self._list(value, kind)
        if issubclass(kind, (tuple, frozenset)):
            return self._tuple(value, kind)
        if issubclass(kind, dict):
            return self._dict(value, kind)
        if kind is FunctionType:
            return self._function(value)
        if kind is MethodType:
            return MethodType(value.__func__, self.copy(value.__self__))
        if kind is BuiltinFunctionType:
            moved = self.copy(value.__self__)
            return value if moved is value.__self__ else getattr(moved, value.__name__)
        if kind is partial:
            args, keywords = self.copy(value.args), self.copy(value.keywords)
            return partial(self.copy(value.func), *args, **keywords)
        return self._object(value, kind, written)

    def _array(self, value: Any, kind: type) -> Any:
        owner = value.base if kind is np.ndarray else None
        if (
            type(owner) is np.ndarray
            and not value.dtype.hasobject
            and (id(owner) in self.memo or owner.nbytes <= value.nbytes)
        ):
            return _seen_alike(value, owner, self.copy(owner))
        self._take(np.ndarray.nbytes.__get__(value))
        made = self.memo[id(value)] = np.ndarray.copy(value, "K")
        if kind is np.ndarray and not made.dtype.hasobject:
            return made
        plain = np.ndarray.view(made, np.ndarray)
        if plain.dtype == object:
            for index, item in enumerate(plain.flat):
                plain.flat[index] = self.copy(item)
        return self._attributes(value, made, kind)

    def _list(self, value: Any, kind: type) -> Any:
        base: Any
        base, add = next(pair for pair in LISTS.items() if issubclass(kind, pair[0]))
        made = self.memo[id(value)] = base.__new__(kind)
        if base is deque:
            deque.__init__(made, maxlen=deque.maxlen.__get__(value))
        for item in base.__iter__(value):
            if base is set:
                _check_key(item)
            add(made, self.copy(item))
        return self._attributes(value, made, kind)

    def _tuple(self, value: Any, kind: type) -> Any:
        base: Any = tuple if issubclass(kind, tuple) else frozenset
        items = [(item, self.copy(item)) for item in base.__iter__(value)]
        if all(item is made for item, made in items):
            return value
        return self._attributes(value, base.__new__(kind, [made for _, made in items]), kind)

    def _dict(self, value: Any, kind: type) -> Any:
        base: Any = next(base for base in mro_of(kind) if base in (OrderedDict, defaultdict, dict))
        made: Any = base.__new__(kind)
        self.memo[id(value)] = made
        if base is defaultdict:
            defaultdict.__init__(made, value.default_factory)
        for key, item in [*base.items(value)]:
            _check_key(key)
            base.__setitem__(made, self.copy(key), self.copy(item))
        return self._attributes(value, made, kind)

    def _function(self, value: FunctionType) -> FunctionType:
        """A function whose closure holds copies; without a closure it is itself."""
        code = plain_code(value)
        if not value.__closure__ or not is_a_persons(code):
            return value
        fresh = [cell for cell in value.__closure__ if id(cell) not in self.memo]
        self.alive += fresh
        self.memo |= {id(cell): CellType() for cell in fresh}
        cells = tuple(self.memo[id(cell)] for cell in value.__closure__)
        made = FunctionType(code, value.__globals__, value.__name__, value.__defaults__, cells)
        self.memo[id(value)] = made
        made.__kwdefaults__, made.__qualname__ = value.__kwdefaults__, value.__qualname__
        made.__dict__.update(value.__dict__)
        for cell in fresh:
            with suppress(ValueError):  # it is empty
                self.memo[id(cell)].cell_contents = self.copy(cell.cell_contents)
        return made

    def _object(self, value: Any, kind: type, written: bool) -> Any:
        compiled = kind.__name__ == "cython_function_or_method"  # which may say no module
        if compiled or module_of(kind).partition(".")[0] in NOT_CHANGED_OF:
            return value
        try:
            if not written and _defined(kind, ASKED):
                raise TypeError("it is copied in its library's way")
            made: Any = object.__new__(kind)
            self.memo[id(value)] = made
        except TypeError:
            if written:
                raise NotAgain(f"{kind.__name__} cannot be copied") from None
            self._take_inside(value)
            with no_warnings():
                return copy.deepcopy(value, self.memo)
        return self._attributes(value, made, kind)

    def _attributes(self, value: Any, made: Any, kind: type) -> Any:
        """What an object holds in its dictionary and its slots, put into its copy."""
        self.memo[id(value)] = made
        if kind in BARE:
            return made
        if id(kind) not in self.entries:
            self.entries[id(kind)] = kind, [*_entries(kind)]
        for entry in self.entries[id(kind)][1]:
            if type(entry) is MemberDescriptorType:
                with suppress(AttributeError):
                    entry.__set__(made, self.copy(entry.__get__(value)))
            else:
                names = entry.__get__(value)
                entry.__get__(made).update({key: self.copy(names[key]) for key in [*names]})
        return made

    def _take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise NotAgain(f"it may change more than {self.most >> 20} MB")

    def _take_inside(self, value: Any) -> None:
        """Look at what the library is about to copy, before it does."""
        seen: dict[int, Any] = {}
        todo = [value]
        while todo:
            thing = todo.pop()
            kind = type(thing)
            if id(thing) in seen or id(thing) in self.memo or issubclass(kind, NOT_COPIED):
                continue
            seen[id(thing)] = thing
            if is_a_persons_class(kind):
                raise NotAgain(f"{type(value).__name__} holds a {kind.__name__}")
            size = getattr(thing, "nbytes", 0)  # of a library's own object
            self._take(size if type(size) is int else 0)
            todo += gc.get_referents(thing)


def _entries(kind: type) -> Iterator[Any]:
    """The slots of a class, and the dictionary of what is of it."""
    for base in mro_of(kind):
        for name, entry in own_names(base).items():
            is_slot = type(entry) is MemberDescriptorType and is_of_python(base)
            if is_slot or (type(entry) is GetSetDescriptorType and name == "__dict__"):
                yield entry


def _defined(kind: type, names: tuple[str, ...], by_a_person: bool = False) -> str:
    """The first of these names that a class, or one that it is made of, defines itself."""
    for base in mro_of(kind)[:-1]:
        for name in names:
            if name in own_names(base) and (not by_a_person or is_a_persons_class(base)):
                return name
    return ""


def _check_key(key: Any) -> None:
    """Refuse what a person's own ``__hash__`` would be called for."""
    kind = type(key)
    if kind is str or kind is int:
        return
    if issubclass(kind, (tuple, frozenset)):
        for item in (tuple if issubclass(kind, tuple) else frozenset).__iter__(key):
            _check_key(item)
    for base in mro_of(kind):
        entry = own_names(base).get("__hash__")
        if entry is not None:
            if type(entry) is FunctionType and is_a_persons(entry.__code__):
                raise NotAgain(f"{kind.__name__}.__hash__ would be called")
            return
