"""Loops: which of them trains, and one turn of it in the place of all.

A loop is ended after its first turn where all parameters change in that already. So an epoch is one
batch, and a batch of examples that are stepped one by one is one example; a loop over layers is
left, since each of its turns changes others.
"""

import ast
from collections.abc import Callable, Collection, Iterator
from functools import partial
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import FLOATS, Path, arrays, is_trainable, mark
from shapecheck_bp.doctor.claims import LOADS, is_stepped
from shapecheck_bp.doctor.edits import cut, found
from shapecheck_bp.doctor.guarding import CannotJudge
from shapecheck_bp.doctor.program import Program
from shapecheck_bp.doctor.runs import Run
from shapecheck_bp.doctor.steps import Step
from shapecheck_bp.reading.failing import is_a_persons
from shapecheck_bp.reading.live import plain_code
from shapecheck_bp.reading.reached import Reached
from shapecheck_bp.reading.sources import File, NotRead, file_of
from shapecheck_bp.reading.variants import name_of

LOOPS = (ast.For, ast.While)
MOST_LOOPS = 3
TOO_MUCH = "one step of it computes too much"


def once(step: Step, run: Run) -> Step:
    """The step, each loop ended after a turn in which all parameters change already."""
    if run.is_cut:
        run = _shortened(step, run)
    if run.is_cut:
        raise CannotJudge(TOO_MUCH)
    changed, block = _changed(run), step.program.block
    ended = {(one.file, one.line) for one in step.program.changes}
    for file, line in _loops(step, run, changed):
        if (file, line) in ended:
            continue
        before, step.program.changes = (
            step.program.changes,
            (*step.program.changes, cut(file, line)),
        )
        try:
            step.version = step.program.version()
            with step.held():
                shorter = step.run(keep=True)
            left = changed - _changed(shorter)
            mine = block is not None and line == block.line and left != changed
            done = shorter.error is None and (not left or mine)
            done = done and _given(shorter) == _given(run)
        except (SyntaxError, LookupError, NotRead):
            done = False
        if not done:
            step.program.changes = before
            step.version = step.program.version()
    with step.held():
        final = step.run(keep=True)
    final = _with_what_needs_no_end(step, final, changed, ended)
    if final.is_cut:
        raise CannotJudge(TOO_MUCH)
    if final.error is not None:
        raise final.error
    step.most = 20 * len(final.events) + 1000
    return step


def _loops(step: Step, run: Run, changed: set[Path]) -> list[tuple[str, int]]:
    """The loops that hold a statement which changes a parameter, outermost first."""
    sites = step.version.sites
    new = {mark(run.after[path]) for path in changed} - run.starts.keys()
    updates: dict[int, Any] = {}
    for event in run.events:
        site = sites[event.number]
        stored = (
            event.number in step.version.stores and run.starts.get(mark(event.thing)) in changed
        )
        load = isinstance(site.node, LOADS)
        if stored or (mark(event.thing) in new and not load):
            updates[id(site.statement)] = site
    inner = [(site.file.name, site.function, site.statement) for site in updates.values()]
    loops: list[tuple[str, int]] = []
    depth, known = 0, set()
    block = step.program.block
    own = _own_functions(step.program)
    while inner and depth < 6:
        names = {getattr(function, "name", None) for _, function, _ in inner}
        known |= names
        level: list[tuple[str, int]] = []
        for file in step.program.files.values():
            for loop in ast.walk(file.tree):
                if not isinstance(loop, LOOPS) or _counts_places(loop) or only_sums(loop, own):
                    continue
                if any(
                    name == file.name and loop.lineno <= part.lineno <= (loop.end_lineno or 0)
                    for name, _, part in inner
                ):
                    level.append((file.name, loop.lineno))
        loops = sorted({*level} - {*loops}, key=lambda place: place[1]) + loops
        inner, depth = [*_callers(step.program, names - {None}, known)], depth + 1
    if changed and not updates:  # of lists, whose changes are not noted
        return _of_names(step, run, partial(_handed_on, step.program))
    carrying = _of_names(step, run, carried) if block is None else []
    return [*dict.fromkeys([*carrying, *loops])]


def _counts_places(loop: Any) -> bool:
    """Whether what a loop counts are the places of all that is stepped in it, such as layers."""
    counted = {name.id for name in _names(getattr(loop, "target", ast.Pass()))}
    by_places = set()
    for part in ast.walk(loop):
        if isinstance(part, ast.Assign | ast.AugAssign):
            for target in getattr(part, "targets", [getattr(part, "target", None)]):
                again = isinstance(part, ast.AugAssign) or ast.unparse(target) in ast.unparse(
                    part.value
                )
                if again and not isinstance(part.value, ast.Constant):
                    places = (
                        {name.id for name in _names(target)}
                        if isinstance(target, ast.Subscript)
                        else set()
                    )
                    by_places.add(bool(counted & places))
    return by_places == {True}


def only_sums(loop: Any, own: Collection[str] = ()) -> bool:
    """Whether all that a loop changes is sums, which nothing in it reads, as over examples.

    ``own`` has the names of functions that may read them.

    >>> loops = (ast.parse(f"for x in data: {body}").body[0] for body in ("s += x", "W -= W * x"))
    >>> [only_sums(loop) for loop in loops]
    [True, False]
    """
    parts = [*ast.walk(loop)]
    stores = [part for part in parts if isinstance(part, ast.Assign | ast.AugAssign)]
    sums = [part for part in stores if isinstance(part, ast.AugAssign)]
    read = {ast.unparse(one) for s in stores for one in ast.walk(s.value) if isinstance(one, LOADS)}
    called = {name_of(part) for part in parts if isinstance(part, ast.Call)}
    return (
        bool(sums)
        and len(sums) == len(stores)
        and all(isinstance(one.op, ast.Add) for one in sums)
        and not read & {ast.unparse(one.target) for one in sums}
        and called.isdisjoint(own)
    )


def _callers(program: Program, names: set[Any], known: set[Any]) -> Iterator[Any]:
    """Where functions of these names are called, in others."""
    for file in program.files.values():
        for function in ast.walk(file.tree):
            whole = program.block is not None and file.name == program.block.file.name
            if isinstance(function, (ast.FunctionDef, ast.Module) if whole else ast.FunctionDef):
                name = getattr(function, "name", None)
                for part in ast.walk(function):
                    called = isinstance(part, ast.Call) and name_of(part) in names
                    if called and (name is None or name not in known):
                        yield file.name, function, part


def _of_names(step: Step, run: Run, changed: Callable[[Any], set[str]]) -> list[tuple[str, int]]:
    """The loops of the called function, or of the block, that may change what its names are."""
    file, tree = _tree(step)
    if file is None:
        return []
    known = {path[0] for path, value in run.before.items() if is_trainable(value)}
    loops = [part for part in ast.walk(tree) if isinstance(part, LOOPS)]
    loops = [loop for loop in loops if not _counts_places(loop)]
    return sorted((file.name, loop.lineno) for loop in loops if changed(loop) & known)


def _tree(step: Step) -> tuple[File | None, Any]:
    """The file and the tree of the block, or of the called function, where that can be read."""
    block, function = step.program.block, _function_of(step)
    if block is not None:
        return block.file, found(block.file.tree, block.line, LOOPS)[2]
    file = next((one.file for one in step.program.lives.values() if one.function is function), None)
    return file, None if file is None else tree_of(file, function)


def _shortened(step: Step, run: Run) -> Run:
    """A run of a step that computes too much, with its outer loops ended after their first turn."""
    file, tree = _tree(step)
    loops = [part for part in ast.walk(tree) if isinstance(part, LOOPS)] if tree else []
    own = _own_functions(step.program)
    for loop in [loop for loop in loops if not only_sums(loop, own)][:MOST_LOOPS]:
        if file is None or not run.is_cut:
            break
        before, version = step.program.changes, step.version
        step.program.changes = (*before, cut(file.name, loop.lineno))
        step.version = step.program.version()
        with step.held():
            shorter = step.run(keep=True)
        if shorter.error is None:
            run = shorter
        else:  # what it makes in all turns is needed behind it
            step.program.changes, step.version = before, version
    return run


def _function_of(step: Step) -> Any:
    function = step.state.kept[0]
    return function.__func__ if isinstance(function, MethodType) else function


def tree_of(file: File, function: Any) -> Any:
    """The tree of a function, or of its file where it is none of its own."""
    first = function.__code__.co_firstlineno
    each: Any
    for each in ast.walk(file.tree):
        named = isinstance(each, ast.FunctionDef) and each.name == function.__name__
        if named and first in {each.lineno, *(d.lineno for d in each.decorator_list)}:
            return each
    return file.tree


def carried(loop: Any, space: dict[str, Any] | None = None) -> set[str]:
    """The names that a loop changes, and reads elsewhere than where it changes them.

    In a space of names, the functions that it names may read them for it.
    """
    changed: set[str] = set()
    read = _reached(loop, space or {})
    for part in ast.walk(loop):
        if isinstance(part, ast.Assign | ast.AugAssign):
            targets = part.targets if isinstance(part, ast.Assign) else [part.target]
            names = {name.id for each in targets for name in _names(each)}
            changed |= names
            read |= {name.id for name in _names(part.value)} - names
        if isinstance(part, ast.Expr | ast.Return | ast.For | ast.While | ast.If):
            parts = getattr(part, "iter", getattr(part, "test", getattr(part, "value", None)))
            read |= {name.id for name in _names(parts)} if parts is not None else set()
            if isinstance(part, ast.Expr):  # what is called may change it
                read |= {name.id for name in _names(part.value)}
                changed |= _owners(part.value)
    for part in reversed([*ast.walk(loop)]):  # for W, dW in zip(weights, gradients): W -= dW
        if isinstance(part, ast.For) and _is_in_place(part, changed):
            changed |= {name.id for name in _names(part.iter)}
    return changed & read


def _is_in_place(loop: ast.For, changed: set[str]) -> bool:
    """Whether what a loop goes through is changed in it, or in what a loop inside goes through."""
    parts = [*ast.walk(loop)]
    stepped = {_root(one.target) for one in parts if isinstance(one, ast.AugAssign)}
    inside = [one.iter for one in parts if isinstance(one, ast.For) and one is not loop]
    mine, deeper = (
        {name.id for one in some for name in _names(one)} for some in ([loop.target], inside)
    )
    return bool(mine & (stepped | (deeper & changed)))


def _root(target: Any) -> str:
    """The name that a place is of: of db[j] and layer.b it is db and layer."""
    while isinstance(target, ast.Subscript | ast.Attribute):
        target = target.value
    return getattr(target, "id", "")


def _reached(loop: Any, space: dict[str, Any]) -> set[str]:
    """The names that stand in the functions which a loop names, and in those that they call."""
    named = (space.get(name.id) for name in _names(loop))
    functions = [value for value in named if isinstance(value, FunctionType)]
    return {name for _, some in Reached(*functions).named.values() for name in some}


def _owners(call: ast.expr) -> set[str]:
    """The object whose method is called."""
    return {_root(call.func)} - {""} if isinstance(call, ast.Call) else set()


def _touched(loop: Any, space: dict[str, Any] | None = None) -> set[str]:
    """The names that a loop changes and reads, and those that calls are given, or have."""
    calls = [part for part in ast.walk(loop) if isinstance(part, ast.Call)]
    touched = carried(loop, space) | _reached(loop, space or {})
    return touched.union(*(_owners(call) | _given_to(call) for call in calls))


def _handed_on(program: Program, loop: Any) -> set[str]:
    """The names that a loop changes and reads, or gives whole to a function of the person."""
    own = _own_functions(program)
    calls = [part for part in ast.walk(loop) if isinstance(part, ast.Call) and name_of(part) in own]
    whole = {one.id for call in calls for one in call.args if isinstance(one, ast.Name)}
    return carried(loop).union(whole, *map(_owners, calls))


def _own_functions(program: Program) -> set[str]:
    """The names of the person's functions that a step may come to."""
    return {live.plain.co_name for live in program.lives.values()}


def _given_to(call: ast.Call) -> set[str]:
    """The names among what a call is given."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return {name.id for one in given for name in _names(one)}


def _names(tree: ast.AST) -> list[ast.Name]:
    return [part for part in ast.walk(tree) if isinstance(part, ast.Name)]


def trains(loop: Any, names: dict[str, Any]) -> bool:
    """Whether a loop may train something that these names stand for, or what it calls may."""
    given = {k: v for k, v in names.items() if not k.startswith("__")}
    stored = {one.id for one in _names(loop) if isinstance(one.ctx, ast.Store)}
    return any(
        name in stored if isinstance(given[name], (int, *FLOATS)) else arrays({name: given[name]})
        for name in _touched(loop, given) & given.keys()
    )


def _changed(run: Run) -> set[Path]:
    """The arrays of the state that the step has stepped; where there are none, numbers."""
    before = run.before.items()
    found = {path for path, value in before if is_trainable(value) and is_stepped(path, run)}
    single = {path for path, value in before if isinstance(value, FLOATS) and is_stepped(path, run)}
    return found or single


def _with_what_needs_no_end(
    step: Step, run: Run, changed: set[Path], before: set[tuple[str, int]]
) -> Run:
    """The same with all turns of the loops that leave the same by the first one.

    As those that set back what all layers keep, which shows in the next step alone.
    """
    for change in step.program.changes:
        if change.kind == "cut" and (change.file, change.line) not in before and run.error is None:
            ended, version = step.program.changes, step.version
            step.program.changes = tuple(one for one in ended if one is not change)
            step.version = step.program.version()
            with step.held():
                whole = step.run(keep=True)
            if whole.error is None and not whole.is_cut and _is_same(whole, run, changed):
                run = whole
            else:
                step.program.changes, step.version = ended, version
    return run


def _is_same(one: Run, other: Run, paths: set[Path]) -> bool:
    """Whether two runs leave the same values there."""
    return all(np.array_equal(one.after.get(path, ()), other.after[path]) for path in paths)


def _given(run: Run) -> set[Path]:
    """What came back that can be gradients or parameters; a history of costs is shorter."""
    return {path for path, value in run.returned.items() if is_trainable(value)}


def training_calls(statement: Any, names: dict[str, Any]) -> "Iterator[partial[Any]]":
    """The calls in a statement of what has a loop that may step something."""
    if isinstance(statement, ast.Expr | ast.Assign):
        for call in (part for part in ast.walk(statement) if isinstance(part, ast.Call)):
            found = _training_call(call, names)
            if found is not None:
                yield found


def _training_call(call: ast.Call, names: dict[str, Any]) -> "partial[Any] | None":
    try:
        function = value_of(call.func, names)
    except Exception:
        return None
    plain = function.__func__ if isinstance(function, MethodType) else function
    if not isinstance(plain, FunctionType) or not is_a_persons(plain_code(plain)):
        return None
    try:
        file = file_of(plain)
        file.noted(plain_code(plain))
    except NotRead:
        return None
    if not _may_train(file, tree_of(file, plain), set()):
        return None
    try:
        args = [value_of(one, names) for one in call.args]
        keywords = {one.arg: value_of(one.value, names) for one in call.keywords if one.arg}
    except Exception:  # what it is given has no name here; the statement itself may raise it
        return None
    return partial(function, *args, **keywords)


def value_of(expression: ast.expr, names: dict[str, Any], file: str = "<call>") -> Any:
    """What an expression of a file comes to."""
    return eval(compile(ast.Expression(expression), file, "eval"), names)


def _may_train(file: File, tree: ast.AST, known: set[str]) -> bool:
    """Whether a loop in a function, or in one that it calls, may change something."""
    if any(_touched(part) for part in ast.walk(tree) if isinstance(part, LOOPS)):
        return True
    called = {name_of(part) for part in ast.walk(tree) if isinstance(part, ast.Call)}
    new = called - known
    known |= new
    others = [part for part in ast.walk(file.tree) if isinstance(part, ast.FunctionDef)]
    return any(_may_train(file, other, known) for other in others if other.name in new)
