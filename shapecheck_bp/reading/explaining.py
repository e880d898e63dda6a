"""An exception explained: which expression, which operands, and what to write for it.

>>> W, X = np.ones((2, 3)), np.ones((2, 4))
>>> try:
...     W @ X
... except ValueError as error:
...     print(str(explanation(error)).partition("   ")[2])
W @ X
  W   (2, 3)
  X   (2, 4)     W's 3 meets X's 2
<BLANKLINE>
  W.T @ X fits: it is (3, 4).
"""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any

from shapecheck_bp.reading.failing import Place, failing_place, shown_name
from shapecheck_bp.reading.repairs import Repair, operands_of, repairs, weight_of_module, written
from shapecheck_bp.reading.values import Evaluator, Known
from shapecheck_bp.reading.variants import PRODUCTS, Operand, name_of

if TYPE_CHECKING:
    from shapecheck_bp.reading.instrument import Site
    from shapecheck_bp.reading.running import Reading

MOST = 2  # repairs that are told
EXPLAINED = "__explained__"
ABOUT_SHAPES = re.compile(
    r"shape|dim|broadcast|ax[ie]s|size|length|match|operand|\b[1-4]-?[dD]\b|outputs?\b|samples|features"
    r"|channels|elements|deep|bounds|indices|square|aligned"
)


@dataclass(frozen=True)
class Explanation:
    """What is known of an array operation that failed."""

    file: str
    line: int
    expression: str
    operands: Mapping[str, tuple[Any, ...]]
    repairs: tuple[str, ...]
    statement: str = field(default="", repr=False)
    meeting: str = field(default="", repr=False)
    fits: tuple[str, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        """As the note of an exception has it."""
        head = f"  {shown_name(self.file)}:{self.line}   "
        lines = [head + self.statement]
        if self.statement != self.expression and self.expression in self.statement:
            at = len(head) + self.statement.index(self.expression)
            lines.append(" " * at + "^" * len(self.expression))
        width = max(map(len, self.operands), default=0)
        lines += [f"  {text:<{width}}   {shape}" for text, shape in self.operands.items()]
        if self.meeting:
            lines[-1] += f"     {self.meeting}"
        if self.repairs:
            lines += ["", *(f"  {text}" for text in self.fits)]
        return "\n".join(lines)


def explanation(error: BaseException) -> Explanation | None:
    """What can be said of an exception that an array operation ended in, or None.

    Nothing of the person's is called again. Whatever goes wrong in here is kept in here.
    """
    try:
        return _explanation(error)
    except Exception:
        return None


def _explanation(
    error: BaseException,
    known: Known | None = None,
    goes_on: Callable[[Place, Repair], bool] | None = None,
) -> Explanation | None:
    place = failing_place(error.__traceback__)
    if place is None or isinstance(error, AssertionError):
        return None
    evaluator = Evaluator(place.names, known)
    operands = operands_of(place, evaluator)
    if not operands:
        return None
    found = repairs(place, operands, evaluator)
    if goes_on is not None:
        found = [repair for repair in found if goes_on(place, repair)] or found
    found = found[:MOST]
    if not found and not _about_shapes(error):
        return None
    return Explanation(
        file=place.file,
        line=place.line,
        expression=place.expression,
        operands={operand.text: operand.shape for operand in operands}
        | weight_of_module(place, evaluator, error),
        repairs=tuple(place.instead(repair.text) for repair in found),
        statement=place.text(place.statement).partition("\n")[0],
        meeting=meeting(place.node, operands),
        fits=tuple(_fits(place.instead(repair.text), repair) for repair in found),
    )


def _fits(text: str, repair: Repair) -> str:
    """What is said of a repair."""
    shape = f": it is {repair.shape}" if repair.shape is not None else ""
    beside = f", as {repair.beside} beside it is" if repair.beside else ""
    return f"{text} fits{shape}{beside}."


def meeting(node: ast.AST, operands: Sequence[Operand]) -> str:
    """Which sizes of two operands do not go together: ``W2's 4 meets dZ2's 2``."""
    if len(operands) != 2 or not all(operand.shape for operand in operands):
        return ""
    (_, left, a), (_, right, b) = operands
    product = isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)
    if product or (isinstance(node, ast.Call) and name_of(node) in PRODUCTS):
        pairs = [(a[-1], b[-min(len(b), 2)])]
    elif isinstance(node, ast.BinOp | ast.AugAssign | ast.Compare):
        pairs = [pair for pair in zip(a[::-1], b[::-1], strict=False) if 1 not in pair]
    else:
        return ""
    clash = next((pair for pair in pairs if pair[0] != pair[1]), None)
    return "" if clash is None else f"{left}'s {clash[0]} meets {right}'s {clash[1]}"


def explained_in(reading: "Reading", error: Exception) -> Explanation | None:
    """The same of a reading's error, with what was noted, each repair tried on the whole call."""
    place = failing_place(error.__traceback__)
    file = reading.files.get(place.file) if place else None
    if place is None or file is None:
        return explanation(error)
    known: dict[int, tuple[ast.AST, Any]] = {}
    every: dict[tuple[Site, int | None], Callable[[Any], Any]] = {}

    def keep(node: ast.AST) -> Callable[[Any], Any]:
        def kept(value: Any) -> Any:
            known[id(node)] = node, value
            return value

        return kept

    inside = [site for node in ast.walk(place.statement) if (site := file.sites.get(id(node)))]
    try:
        every |= {(site, None): keep(site.node) for site in inside}
        reading.again(every)
        return _explanation(error, known, lambda *repair: _goes_on(reading, *repair))
    except Exception:
        return explanation(error)


def _goes_on(reading: "Reading", place: Place, repair: Repair) -> bool:
    """Whether the whole call goes through with a repair, or comes further."""
    other = reading.again(instead={written(place): repair.tree}).error
    at = failing_place(other.__traceback__) if other is not None else None
    return other is None or (at is not None and at.node is not place.node)


def _about_shapes(error: BaseException) -> bool:
    return bool(ABOUT_SHAPES.search(str(error)))


def annotate(error: BaseException) -> None:
    """Add the explanation to an exception, once, as a note of its own."""
    if getattr(error, EXPLAINED, False):
        return
    found = explanation(error)
    if found is not None:
        with suppress(Exception):
            error.add_note(f"\n{found}\n")
            setattr(error, EXPLAINED, True)


class _Explained:
    """The context manager that ``explain()`` gives."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let the error go on, explained."""
        if isinstance(error, Exception):
            annotate(error)


def explain(function: Callable[..., Any] | None = None) -> Any:
    """Explain array operations that fail: in a ``with`` block, or in calls of a function.

    Nothing changes unless an exception is raised. Then it goes on as it is, with a note that says
    which expression failed, what its operands' shapes are, and what to write for it.

    >>> @explain
    ... def product(W, X):
    ...     return W @ X
    >>> with explain():
    ...     product(np.ones((2, 3)), np.ones((3, 4))).shape
    (2, 4)
    """
    if function is None:
        return _Explained()

    @wraps(function)
    def explained(*args: Any, **kwargs: Any) -> Any:
        with _Explained():
            return function(*args, **kwargs)

    return explained
