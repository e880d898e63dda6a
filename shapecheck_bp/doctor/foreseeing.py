"""What is known of a change without a run of its own: that it fails, or that it changes nothing.

When a step comes to a line, what could be written there is computed, in the names of that line, as
far as that does nothing else. Most of it is of no fitting shape, or of names that are not there.
"""

import ast
import builtins
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from shapecheck_bp.doctor.edits import Change, found
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.runs import Exchange, instead
from shapecheck_bp.reading.instrument import Site
from shapecheck_bp.reading.values import Evaluator, Unsafe
from shapecheck_bp.reading.variants import exchanged, expression

FEW, MOST_TIMES = 3, 12
FRESH = (ast.BinOp, ast.UnaryOp, ast.Compare)
"""What makes another array each time."""
NOT_ALWAYS = (ast.BoolOp, ast.IfExp, ast.Lambda, ast.comprehension, ast.NamedExpr)
"""What has parts that may be computed never, or often."""


class Foresight:
    """What is known of changes of a judged step."""

    def __init__(self, judge: Judge) -> None:
        """Before anything is looked at."""
        self.step = judge.step
        self.sites: dict[int, list[Site]] = {}
        """The expressions of a statement, by its identity."""
        for site in judge.sites.values():
            self.sites.setdefault(id(site.statement), []).append(site)

    def worth_a_run(self, changes: Sequence[Change]) -> Iterator[tuple[Change, Exchange | None]]:
        """Those of the changes of one line of which no more is known.

        With each what can be exchanged for it in a run of the step as it is, if there is that.
        """
        made = {id(change): _made(change) for change in changes if change.node is not None}
        changes = [change for change in changes if made.get(id(change), change) is not None]
        if not changes:
            return
        file = self.step.version.files[changes[0].file]
        statement: Any = found(file.tree, changes[0].line)[2]
        heads = (getattr(statement, name, None) for name in ("value", "test", "iter"))
        head = next((head for head in heads if head is not None), statement)
        parts = {id(part): part for part in ast.walk(head)}
        trees = {
            i: exchanged(head, change.node, made[id(change)])
            for i, change in enumerate(changes)
            if id(change.node) in parts
        }
        sites = [s for s in self.sites.get(id(statement), ()) if id(s.node) in parts]
        if len(trees) < FEW or not sites or any(isinstance(p, NOT_ALWAYS) for p in parts.values()):
            yield from ((change, None) for change in changes)
            return
        last = max(sites, key=_ends)
        line = _Line(statement, head, trees)
        self.step.run(looks={site.number: line.look(site, site is last) for site in sites})
        for i, change in enumerate(changes):
            if i not in line.idle or not line.times:
                value = line.values.get(i) if line.times == 1 else None
                yield change, None if value is None else {(last.number, 0): instead(value)}


def _made(change: Change) -> Any:
    """The expression that is put in, or None where what was put together is none."""
    try:
        return expression(change.text[1])
    except SyntaxError:
        return None


def _ends(site: Site) -> tuple[int, ...]:
    """By which of the expressions of a line the one is known that is computed last."""
    node = site.node
    return node.end_lineno, node.end_col_offset, -node.lineno, -node.col_offset


class _Line:
    """A line to which a step comes, and what could be written in it."""

    def __init__(self, statement: Any, head: Any, trees: dict[int, Any]) -> None:
        """``head`` is the expression of the statement, and ``trees`` are others for it."""
        self.statement, self.head, self.trees = statement, head, trees
        self.idle = {*trees}
        """What fails, or gave what was there each time."""
        self.failing: set[int] = set()
        self.values: dict[int, Any] = {}
        """The arrays that were made of them the first time."""
        self.times = 0
        self.known: dict[int, list[tuple[Any, Any]]] = {}
        """By frames what the expressions came to there."""

    def look(self, site: Site, is_last: bool) -> Callable[[Any], None]:
        """What to do with the value of an expression of the line."""

        def looked(value: Any) -> None:
            if self.times and self.idle <= self.failing:  # all is known, however often it is met
                self.times += is_last
                return
            frame: Any = sys._getframe()
            while frame.f_code.co_filename != site.file.name:
                frame = frame.f_back
            known = self.known.setdefault(id(frame), [])
            known.append((site.node, value))
            if is_last:
                self.try_all({**frame.f_globals, **frame.f_locals}, known)
                del self.known[id(frame)]

        return looked

    def try_all(self, names: dict[str, Any], known: list[tuple[Any, Any]]) -> None:
        """Compute all that could be written, where that is not known yet."""
        self.times += 1
        here = _Here(names, known)
        was = here.known.get(id(self.head), (None, None))[1]
        for i in self.idle - self.failing:
            try:
                now = here.value(self.trees[i])
                self._check_target(here, now)
            except Unsafe:
                self.idle.discard(i)
            except Exception:
                self.failing.add(i)
            else:
                fresh = isinstance(self.head, FRESH) and isinstance(self.trees[i], FRESH)
                fresh = fresh and type(was) is type(now) is np.ndarray
                if fresh and self.times == 1:
                    self.values[i] = now
                if not fresh or self.times > MOST_TIMES or not _is_same(was, now):
                    self.idle.discard(i)

    def _check_target(self, here: Evaluator, value: Any) -> None:
        """Fail where an array cannot take a value in, as its shape stays what it is."""
        statement = self.statement
        if isinstance(statement, ast.AugAssign) and not isinstance(statement.op, ast.MatMult):
            target = here.value(statement.target)
            if type(target) is np.ndarray:
                shape = np.broadcast_shapes(target.shape, np.shape(value))
                if shape != target.shape:
                    raise ValueError(shape)


class _Here(Evaluator):
    """Evaluates where all names are known, and what was called in the line."""

    def __init__(self, names: dict[str, Any], known: list[tuple[Any, Any]]) -> None:
        super().__init__(names, {id(node): (node, value) for node, value in known})
        self.calls = {ast.unparse(n): value for n, value in known if isinstance(n, ast.Call)}

    def _Name(self, node: ast.Name) -> Any:
        if node.id not in self.names and not hasattr(builtins, node.id):
            raise NameError(node.id)
        return super()._Name(node)

    def _Call(self, node: ast.Call) -> Any:
        text = ast.unparse(node) if self.calls else ""
        if text in self.calls:
            return self.calls[text]
        self._all([*node.args, *(keyword.value for keyword in node.keywords)])
        return super()._Call(node)

    def _Tuple(self, node: ast.Tuple) -> Any:
        self._all(node.elts)
        return super()._Tuple(node)

    def _operated(self, node: ast.expr, function: Callable[..., Any], *operands: ast.expr) -> Any:
        self._all(operands)
        return super()._operated(node, function, *operands)

    def _all(self, nodes: Iterable[ast.expr]) -> None:
        """Look at all of these, since one may fail where another cannot be looked at."""
        unsafe = None
        for node in nodes:
            try:
                self.value(node)
            except Unsafe as error:
                unsafe = error
        if unsafe is not None:
            raise unsafe


def _is_same(one: Any, other: Any) -> bool:
    return bool(
        one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    )
