"""One step of what a person gives: of a call, of a script, of a function that trains.

A step begins where the parameters are there and ends where each of them was stepped once. So long
data are cut to a part of them, a loop in which all parameters change is ended after its first turn,
and of code that makes its parameters itself what comes before the loop is run once.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import numbers, spans_of
from shapecheck_bp.doctor.claims import Claim, claims_of
from shapecheck_bp.doctor.guarding import CannotJudge, ending
from shapecheck_bp.doctor.loops import LOOPS, once, training_calls, trains, tree_of, value_of
from shapecheck_bp.doctor.parts import (
    FEWEST,
    MOST_EXAMPLES,
    batch_sizes_in,
    fewer_in,
    parts,
)
from shapecheck_bp.doctor.program import Block, Program
from shapecheck_bp.doctor.runs import Run
from shapecheck_bp.doctor.steps import Named, Step
from shapecheck_bp.doctor.streams import StreamCopier
from shapecheck_bp.reading.live import Live, plain_code
from shapecheck_bp.reading.passing import FAULTS, is_anothers
from shapecheck_bp.reading.reached import Reached
from shapecheck_bp.reading.sources import File, NotRead, file_at, file_of
from shapecheck_bp.shapes.names import signature_of

FIRST_NOTES = 60_000


class NothingTrains(CannotJudge):
    """A script in which no loop and no call changes parameters by itself."""


def of_call(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Iterator[Step]:
    """The step that a call makes, or those of the loops of a function that makes its parameters.

    Raises:
        CannotJudge: it is not written in Python, cannot be run again, or does not run.
    """
    reached = Reached(function, *args, *kwargs.values())
    program = Program(_lives(reached))
    if not program.lives:
        raise CannotJudge("no Python source of it can be read")
    named = [(space, [*names]) for space, names in reached.named.values()]
    step, run = _begun(_on_a_part(program, function, args, kwargs, named))
    found = False
    if not claims_of(run, step.version):
        whole = Step(program, partial(function, *args, **kwargs), named)
        for each in (step, whole) if step.remark else (step,):  # few may be less than a batch
            for inside in _inside(each, function):
                found = True
                yield once(inside, _first(inside))
    if not found:
        step = once(step, run)
        step.inside = partial(_inside, step, function)
        yield step


def of_script(path: str, names: dict[str, Any]) -> Iterator[Step]:
    """The steps that a script may make in its loops, in whose names what comes before is run.

    The first is the likeliest. Where that cannot be judged, the script is run on to the next.

    Raises:
        CannotJudge: there is no loop, and no call, in which something is trained.
        Exception: whatever the code before it raises.
    """
    file = file_at(path)
    if file is None:
        raise CannotJudge("it is no Python source")
    found = False
    for step in _of_loops(file, file.tree.body, names, file.tree):
        found = True
        yield step
    if not found:
        raise NothingTrains("no loop and no call is found in it that changes parameters")


def _of_loops(
    file: File, body: Iterable[ast.stmt], names: dict[str, Any], tree: Any
) -> Iterator[Step]:
    """The steps of the loops, and calls, of statements that train; what is before each is run.

    Raises:
        CannotJudge: what seemed to train could not be read, and nothing else trains.
    """
    why: CannotJudge | None = None
    for statement in chosen(file, body, names):
        try:
            for step in _that_train(file, statement, names, tree):
                why = None
                before = dict(names)
                yield step
                names.clear()
                names.update(before)
        except CannotJudge as error:
            why = why or error
        try:
            code = alone(file, statement)
        except SyntaxError:  # it returns
            continue
        with ending("what comes before the training"):
            exec(code, names)
    if why is not None:
        raise why


def chosen(file: File, body: Iterable[ast.stmt], names: dict[str, Any]) -> Iterator[ast.stmt]:
    """Statements as they are to be run; of an ``if`` those that its condition asks for."""
    for statement in body:
        if isinstance(statement, ast.If):
            is_so = value_of(statement.test, names, file.name)
            yield from chosen(file, statement.body if is_so else statement.orelse, names)
        else:
            yield statement


def _that_train(
    file: File, statement: ast.stmt, names: dict[str, Any], tree: Any
) -> Iterator[Step]:
    """The steps of a statement, if it is a loop or a call that trains."""
    if isinstance(statement, LOOPS) and trains(statement, names):
        before = dict(names)
        step = _of_part(Block(file, statement.lineno, names), tree)
        if _claims(step):
            yield step
            return
        names.update(before)
    for call in training_calls(statement, names):
        for step in of_call(call.func, call.args, dict(call.keywords)):
            if _has_trained(step):
                yield step


def _claims(step: Step) -> list[Claim]:
    """What a run of a step claims."""
    with step.held():
        return claims_of(step.run(keep=True), step.version)


def _has_trained(step: Step) -> bool:
    """Whether a call gives gradients, or steps what there is: what that was is still in it."""
    h = 1e-3
    with step.held():
        run = step.run(keep=True)
        claims = claims_of(run, step.version)
        if any(not claim.is_step for claim in claims):
            return True
        for path in dict.fromkeys(claim.parameter for claim in claims):
            one, other = run.after.get(path), step.run(change={path: h}).after.get(path)
            if one is None or other is None or np.shape(one) != np.shape(other):
                continue
            if np.median(np.abs(numbers(other) - numbers(one))) > h / 20:
                return True
    return False


def statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements of a script, those under ``if __name__ == "__main__"`` too."""
    for statement in tree.body:
        if isinstance(statement, ast.If) and "__main__" in ast.unparse(statement.test):
            yield from statement.body
        else:
            yield statement


def alone(file: File, statement: ast.stmt) -> CodeType:
    """The code of one statement; among the imports of the file Python compiles it otherwise."""
    futures = [one for one in file.imports if getattr(one, "module", "") == "__future__"]
    others = [one for one in file.imports if one not in futures]
    never = ast.If(ast.Constant(False), [*others, ast.Pass()], [])
    tree = ast.fix_missing_locations(ast.Module([*futures, statement, never], []))
    return compile(tree, file.name, "exec", dont_inherit=True)


def _of_block(block: Block, tree: ast.AST) -> Step:
    """A block, and what the names in a tree around it may come to."""
    said = {part.id for part in ast.walk(tree) if isinstance(part, ast.Name)}
    mine = [name for name in block.names if name in said]
    reached = Reached(*(block.names[name] for name in mine))
    named = [(space, [*names]) for space, names in reached.named.values()]
    named = [(block.names, mine), *(one for one in named if one[0] is not block.names)]
    return once(*_begun(Step(Program(_lives(reached), block), partial(_nothing), named)))


def _begun(step: Step) -> tuple[Step, Run]:
    """A step and its first run, with floats for the ints that become floats in it."""
    run = _first(step)
    floats = step.with_floats(run)
    return (step, run) if floats is None else (floats, _first(floats))


def _of_part(block: Block, tree: ast.AST) -> Step:
    """A block with few examples, where its data are large and it runs with few."""
    short = fewer_in(block.names)
    if short:
        whole = {name: block.names[name] for name in short}
        block.names.update(short)
        try:
            step = _of_block(block, tree)
            if _claims(step):  # and they are enough for a batch
                step.remark = f"Of many examples {MOST_EXAMPLES} were taken."
                return step
        except Exception:  # whatever another length leads to
            pass
        block.names.update(whole)
    try:
        return _of_block(block, tree)
    except CannotJudge:  # it may compute too much
        sizes = {name: block.names[name] for name in batch_sizes_in(block.names)}
        if not sizes:
            raise
    block.names.update(dict.fromkeys(sizes, FEWEST))
    step = _of_block(block, tree)
    step.remark = f"Batches of {FEWEST} examples were taken."
    return step


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
        if run.error is not None:
            raise run.error
        read = [event.thing for event in run.events if isinstance(event.thing, np.ndarray)]
        for value in run.alive[0].values():
            if isinstance(value, np.ndarray) and (spans := spans_of(value, read)):
                step.parts[value.shape, value.dtype] = spans
        return step.run(keep=True) if step.parts else run


def _on_a_part(
    program: Program,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    named: Named,
) -> Step:
    """The call with few examples, where there are many and it runs with few."""
    whole = partial(function, *args, **kwargs)
    for call in parts(args, kwargs):
        step = Step(program, partial(function, *call[0], **call[1]), named)
        step.most = FIRST_NOTES
        with step.held(), ending("the step"):
            run = step.run()
        if run.error is None:
            step.remark, step.taken = f"Of many examples {call[2]} were taken.", call[2]
            return step
    return Step(program, whole, named)


def _inside(step: Step, function: Callable[..., Any]) -> Iterator[Step]:
    """The loops of a function that makes its parameters itself, what comes before each run once."""
    plain: Any = function.__func__ if isinstance(function, MethodType) else function
    live = next((one for one in step.program.lives.values() if one.function is plain), None)
    if not isinstance(plain, FunctionType) or live is None:
        return
    tree: Any = tree_of(live.file, plain)
    names: dict[str, Any] = dict(plain.__globals__)
    if plain.__closure__:
        cells = zip(plain.__code__.co_freevars, plain.__closure__, strict=True)
        names |= {name: cell.cell_contents for name, cell in cells}
    # Copies, for what comes before the loop may change them, and may be no beginning of a loop.
    called, args, kwargs, _ = StreamCopier().copy(step.state.kept)
    owner = [called.__self__] if isinstance(function, MethodType) else []
    bound = signature_of(plain).bind(*owner, *args, **kwargs)
    bound.apply_defaults()
    names |= bound.arguments
    yield from _of_loops(live.file, tree.body, names, tree)
