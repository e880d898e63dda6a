"""One step of what a person gives: of a call, of a script, of a function that trains.

A step begins where the parameters are there and ends where each of them was stepped once. So long
data are cut to a part of them, a loop in which all parameters change is ended after its first turn,
and of code that makes its parameters itself what comes before the loop is run once.
"""

import ast
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, arrays, is_trainable, numbers
from shapecheck_bp.doctor.guarding import CannotJudge, ending
from shapecheck_bp.doctor.program import Block, Body, Program, cut, found
from shapecheck_bp.doctor.steps import Named, Run, Step
from shapecheck_bp.reading.live import Live, plain_code
from shapecheck_bp.reading.passing import FAULTS, is_anothers
from shapecheck_bp.reading.reached import Reached
from shapecheck_bp.reading.sources import File, NotRead, file_at, file_of

MOST_EXAMPLES = 12
FEW = 3
LOOPS = (ast.For, ast.While)
FIRST_NOTES = 300_000


def of_call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Step:
    """The step that a call makes.

    Raises:
        CannotJudge: it is not written in Python, cannot be run again, or does not run.
    """
    reached = Reached(function, *args, *kwargs.values())
    program = Program(_lives(reached))
    if not program.lives:
        raise CannotJudge("no Python source of it can be read")
    named = [(space, [*names]) for space, names in reached.named.values()]
    step = _on_a_part(program, function, args, kwargs, named)
    run = _first(step)
    if not _has_parameters(run):
        inside = _inside(step, function, args, kwargs, named)
        if inside is not None:
            step = inside
            run = _first(step)
    return _once(step, run)


def of_script(path: str, names: dict[str, Any]) -> Step:
    """The step that a script makes in its loop, in whose names what comes before it is run.

    Raises:
        CannotJudge: there is no loop, and no call, in which something is trained.
        Exception: whatever the code before it raises.
    """
    file = file_at(path)
    if file is None:
        raise CannotJudge("it is no Python source")
    body: Body = file.tree.body
    i = 0
    while i < len(body):
        statement: Any = body[i]
        if isinstance(statement, ast.If) and _is_main(statement):
            body, i = [*statement.body, *body[i + 1 :]], 0
            continue
        if isinstance(statement, LOOPS) and _carried(statement, names) & _trainable(names):
            return _of_block(Block(file, statement.lineno, names), names)
        call = _training_call(statement, names)
        if call is not None:
            return of_call(call.func, call.args, dict(call.keywords))
        with ending("what comes before the training"):
            exec(_alone(file, statement), names)
        i += 1
    raise CannotJudge("no loop and no call is found in it that changes parameters")


def _alone(file: File, statement: ast.stmt) -> CodeType:
    """The code of one statement; among the imports of the file Python compiles it otherwise."""
    futures = [one for one in file.imports if getattr(one, "module", "") == "__future__"]
    others = [one for one in file.imports if one not in futures]
    never = ast.If(ast.Constant(False), [*others, ast.Pass()], [])
    tree = ast.fix_missing_locations(ast.Module([*futures, statement, never], []))
    return compile(tree, file.name, "exec", dont_inherit=True)


def _of_block(block: Block, *roots: Any) -> Step:
    reached = Reached(*roots)
    named = [(space, [*names]) for space, names in reached.named.values()]
    named = [(block.names, [*block.names]), *(one for one in named if one[0] is not block.names)]
    step = Step(Program(_lives(reached), block), partial(_nothing), named)
    return _once(step, _first(step))


def _nothing() -> None:
    """What is called where a block is run."""


def _lives(reached: Reached) -> list[Live]:
    lives = []
    for function in reached.functions.values():
        with suppress(NotRead):
            file, plain = file_of(function), plain_code(function)
            try:
                file.noted(plain)
            except FAULTS as error:
                if is_anothers(error):
                    raise
                continue
            lives.append(Live(function, plain, file))
    return lives


def _first(step: Step) -> Run:
    """Run it for the first time.

    Raises:
        CannotJudge: it raises an exception, or does not end.
    """
    step.most = FIRST_NOTES
    with step.held(), ending("the step"):
        run = step.run(keep=True)
    if isinstance(run.error, CannotJudge):
        raise run.error
    if run.error is not None:
        raise run.error
    return run


def _has_parameters(run: Run) -> bool:
    """Whether there is anything that could be trained in its state, beside data."""
    changed = [p for p in _changed(run) if is_trainable(run.before[p])]
    returns = any(is_trainable(value) for value in run.returned.values())
    return bool(changed) or returns


def _changed(run: Run) -> set[Path]:
    """The arrays of the state whose values the step has changed.

    Those that were zero are sums and velocities, where there are others.
    """
    found = {
        path
        for path, value in run.before.items()
        if is_trainable(value)
        and path in run.after
        and not np.array_equal(numbers(value), numbers(run.after[path]))
    }
    return {path for path in found if np.any(numbers(run.before[path]))} or found


def _given(run: Run) -> set[Path]:
    """What came back that can be gradients or parameters; a history of costs is shorter."""
    return {path for path, value in run.returned.items() if is_trainable(value)}


# A part of the data.


def _on_a_part(
    program: Program,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    named: Named,
) -> Step:
    """The call with few examples, where there are many and it runs with few."""
    whole = partial(function, *args, **kwargs)
    for call in _parts(args, kwargs):
        step = Step(program, partial(function, *call[0], **call[1]), named)
        step.most = FIRST_NOTES
        with step.held(), ending("the step"):
            run = step.run()
        if run.error is None:
            return step
    return Step(program, whole, named)


def _parts(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    given = [*args, *kwargs.values()]
    lists = [_few(value) for value in given]
    length = _examples([value for value in lists if isinstance(value, np.ndarray)])
    if length:
        shorter = [_shorter(value, length) for value in lists]
        yield shorter[: len(args)], dict(zip(kwargs, shorter[len(args) :], strict=True))
    if any(one is not other for one, other in zip(lists, given, strict=True)):
        yield lists[: len(args)], dict(zip(kwargs, lists[len(args) :], strict=True))


def _few(value: Any) -> Any:
    """Of a list of examples, each a tuple of arrays, the first ones."""
    if type(value) is list and len(value) > FEW and all(map(_is_example, value)):
        return value[:FEW]
    return value


def _is_example(item: Any) -> bool:
    return type(item) in (tuple, list) and any(isinstance(part, np.ndarray) for part in item)


def _examples(given: Sequence[Any]) -> int:
    """How many examples there are, where there are many: what several arrays are long."""
    sizes: dict[int, int] = {}
    for value in given:
        for size in {*value.shape[:1], *value.shape[-1:]}:
            sizes[size] = sizes.get(size, 0) + 1
    shared = [size for size, count in sizes.items() if count > 1 and size > 4 * MOST_EXAMPLES]
    return max(shared, default=0)


def _shorter(value: Any, length: int) -> Any:
    if isinstance(value, np.ndarray) and length in value.shape:
        axis = 0 if value.shape[0] == length else value.ndim - 1
        return np.take(value, range(MOST_EXAMPLES), axis=axis)
    return value


# One turn.


def _once(step: Step, run: Run) -> Step:
    """The step, each loop ended after a turn in which all parameters change already."""
    changed = _changed(run)
    for file, line in _loops(step, run, changed):
        before, step.program.changes = (
            step.program.changes,
            (*step.program.changes, cut(file, line)),
        )
        try:
            step.version = step.program.version()
            with step.held():
                shorter = step.run(keep=True)
            done = shorter.error is None and _changed(shorter) == changed
            done = done and _given(shorter) == _given(run)
        except (SyntaxError, LookupError, NotRead):
            done = False
        if not done:
            step.program.changes = before
            step.version = step.program.version()
    with step.held():
        final = step.run(keep=True)
    if final.is_cut:
        raise CannotJudge("one step of it computes too much")
    if final.error is not None:
        raise final.error
    step.most = 20 * len(final.events) + 1000
    return step


def _loops(step: Step, run: Run, changed: set[Path]) -> list[tuple[str, int]]:
    """The loops that hold a statement which changes a parameter, outermost first."""
    sites = step.version.sites
    new = {id(run.after[path]) for path in changed}
    updates: dict[int, Any] = {}
    for event in run.events:
        site = sites[event.number]
        stored = event.number in step.version.stores and run.starts.get(id(event.thing)) in changed
        load = isinstance(site.node, ast.Name | ast.Attribute | ast.Subscript)
        if stored or (id(event.thing) in new and not load):
            updates[id(site.statement)] = site
    inner = [(site.file.name, site.function, site.statement) for site in updates.values()]
    loops: list[tuple[str, int]] = []
    depth, known = 0, set()
    block = step.program.block
    while inner and depth < 6:
        names = {getattr(function, "name", None) for _, function, _ in inner}
        known |= names
        level: list[tuple[str, int]] = []
        for file in step.program.files.values():
            for loop in ast.walk(file.tree):
                if isinstance(loop, LOOPS) and any(
                    name == file.name and loop.lineno <= part.lineno <= (loop.end_lineno or 0)
                    for name, _, part in inner
                ):
                    level.append((file.name, loop.lineno))
        loops = sorted({*level} - {*loops}, key=lambda place: place[1]) + loops
        inner, depth = [*_callers(step.program, names - {None}, known)], depth + 1
    carried = []
    if block is None:
        carried = _carrying(step, run)
    return [*dict.fromkeys([*carried, *loops])]


def _callers(program: Program, names: set[Any], known: set[Any]) -> Iterator[Any]:
    """Where functions of these names are called, in others."""
    for file in program.files.values():
        for function in ast.walk(file.tree):
            if isinstance(function, ast.FunctionDef):
                name = getattr(function, "name", None)
                for part in ast.walk(function):
                    called = isinstance(part, ast.Call) and getattr(
                        part.func, "attr", getattr(part.func, "id", None)
                    )
                    if called and called in names and (name is None or name not in known):
                        yield file.name, function, part


def _carrying(step: Step, run: Run) -> list[tuple[str, int]]:
    """The loops of the called function that give its own arguments new values."""
    function = _function_of(step)
    if function is None:
        return []
    file = next((one.file for one in step.program.lives.values() if one.function is function), None)
    if file is None:
        return []
    tree = _tree_of(file, function)
    known = {path[0] for path, value in run.before.items() if is_trainable(value)}
    loops = [part for part in ast.walk(tree) if isinstance(part, LOOPS)]
    return sorted((file.name, loop.lineno) for loop in loops if _carried(loop) & known)


def _function_of(step: Step) -> Any:
    function = step.state.kept[0]
    return function.__func__ if isinstance(function, MethodType) else function


def _tree_of(file: File, function: Any) -> ast.AST:
    first = function.__code__.co_firstlineno
    for part in ast.walk(file.tree):
        if isinstance(part, ast.FunctionDef) and part.name == function.__name__:
            if first in {part.lineno, *(d.lineno for d in part.decorator_list)}:
                return part
    return file.tree


def _carried(loop: Any, space: dict[str, Any] | None = None) -> set[str]:
    """The names that a loop changes, and reads elsewhere than where it changes them.

    In a space of names, the functions that it names may read them for it.
    """
    named = [(space or {}).get(name.id) for name in _names(loop)]
    functions = [value for value in named if isinstance(value, FunctionType)]
    changed: set[str] = set()
    read = {name for _, some in Reached(*functions).named.values() for name in some}
    for part in ast.walk(loop):
        if isinstance(part, ast.Assign | ast.AugAssign):
            targets = part.targets if isinstance(part, ast.Assign) else [part.target]
            names = {name.id for each in targets for name in _names(each)}
            changed |= names
            read |= {name.id for name in _names(part.value)} - names
        elif isinstance(part, ast.Expr | ast.Return | ast.For | ast.While | ast.If):
            parts = getattr(part, "iter", getattr(part, "test", getattr(part, "value", None)))
            read |= {name.id for name in _names(parts)} if parts is not None else set()
            if isinstance(part, ast.Expr):  # what is called may change it
                read |= {name.id for name in _names(part.value)}
    return changed & read


def _names(tree: ast.AST) -> list[ast.Name]:
    return [part for part in ast.walk(tree) if isinstance(part, ast.Name)]


def _trainable(names: dict[str, Any]) -> set[str]:
    found = arrays({k: v for k, v in names.items() if not k.startswith("__")})
    return {path[0] for path, value in found.items() if is_trainable(value)}


# What is inside of scripts and functions.


def _is_main(statement: ast.If) -> bool:
    return "__main__" in ast.unparse(statement.test)


def _training_call(statement: Any, names: dict[str, Any]) -> "partial[Any] | None":
    """The call that a statement is, if what it calls has a loop that steps something."""
    call = getattr(statement, "value", None)
    if not isinstance(call, ast.Call) or not isinstance(statement, ast.Expr | ast.Assign):
        return None
    try:
        function = eval(compile(ast.Expression(call.func), "<call>", "eval"), names)
    except Exception:
        return None
    plain = function.__func__ if isinstance(function, MethodType) else function
    if not isinstance(plain, FunctionType):
        return None
    try:
        file = file_of(plain)
        file.noted(plain_code(plain))
    except NotRead:
        return None
    if not _trains(file, _tree_of(file, plain), set()):
        return None
    args = [eval(compile(ast.Expression(one), "<call>", "eval"), names) for one in call.args]
    keywords = {
        one.arg: eval(compile(ast.Expression(one.value), "<call>", "eval"), names)
        for one in call.keywords
        if one.arg
    }
    return partial(function, *args, **keywords)


def _trains(file: File, tree: ast.AST, known: set[str]) -> bool:
    """Whether there is a loop in a function, or in one that it calls, that subtracts from arrays."""
    loops = [part for part in ast.walk(tree) if isinstance(part, LOOPS)]
    for loop in loops:
        for part in ast.walk(loop):
            if isinstance(part, ast.AugAssign) and isinstance(part.op, ast.Sub):
                return True
            if isinstance(part, ast.Assign) and isinstance(part.value, ast.BinOp):
                if isinstance(part.value.op, ast.Sub) and any(
                    ast.unparse(target) == ast.unparse(part.value.left) for target in part.targets
                ):
                    return True
    for part in ast.walk(tree):
        if isinstance(part, ast.Call):
            name = getattr(part.func, "attr", getattr(part.func, "id", ""))
            if name not in known:
                known.add(name)
                for other in ast.walk(file.tree):
                    if isinstance(other, ast.FunctionDef) and other.name == name:
                        if _trains(file, other, known) or (loops and _steps(other)):
                            return True
    return False


def _steps(function: ast.AST) -> bool:
    """Whether a function subtracts something from what it had."""
    return any(
        isinstance(part, ast.AugAssign) and isinstance(part.op, ast.Sub)
        for part in ast.walk(function)
    )


def _inside(
    step: Step,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    named: Named,
) -> Step | None:
    """The loop of a function that makes its parameters itself, what comes before it run once."""
    plain = function.__func__ if isinstance(function, MethodType) else function
    if not isinstance(plain, FunctionType):
        return None
    live = next((one for one in step.program.lives.values() if one.function is plain), None)
    if live is None:
        return None
    tree: Any = _tree_of(live.file, plain)
    names: dict[str, Any] = dict(plain.__globals__)
    if plain.__closure__:
        cells = zip(plain.__code__.co_freevars, plain.__closure__, strict=True)
        names |= {name: cell.cell_contents for name, cell in cells}
    bound = inspect.signature(plain).bind(
        *([function.__self__] if isinstance(function, MethodType) else []),
        *step.state.kept[1],
        **step.state.kept[2],
    )
    bound.apply_defaults()
    names |= bound.arguments
    for statement in tree.body:
        if isinstance(statement, LOOPS) and _carried(statement) & _trainable(names):
            return _of_block(Block(live.file, statement.lineno, names), names, *named)
        try:
            code = compile(ast.Module([statement], []), live.file.name, "exec")
        except SyntaxError:  # it returns
            return None
        exec(code, names)
    return None


__all__ = ["found", "of_call", "of_script"]
