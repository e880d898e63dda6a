"""Every small fault that the operators can make in a module, once."""

import ast
import difflib
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import mutate_code
from operators import operators


class Mutant(NamedTuple):
    """A module with one fault: where it is, what was written there, what is, and the whole text."""

    module: str
    line: int
    operator: str
    was: str
    now: str
    text: str


def path_of(module):
    """Where a module lies in the repository."""
    return Path("shapecheck_bp") / f"{module.replace('.', '/')}.py"


def faults_of(text):
    """Where a fault can be made: the operator's name, and which of the places that it knows."""
    every = [*nodes(get_ast(text))]
    for name, operator in operators().items():
        known = sum(len([*operator.mutation_positions(node)]) for node in every)
        yield from ((name, occurrence) for occurrence in range(known))


def nodes(node):
    """A node of the syntax tree, and all below it."""
    yield node
    for child in getattr(node, "children", ()):
        yield from nodes(child)


def mutants_of(module, text, faults):
    """The mutants that are another program than the module's text, and than the mutants before."""
    known, seen = operators(), {ast.dump(ast.parse(text))}
    for name, occurrence in faults:
        mutated = mutate_code(text, known[name], occurrence)
        try:
            program = ast.dump(ast.parse(mutated))
        except SyntaxError:
            continue
        if program not in seen:
            seen.add(program)
            yield Mutant(module, *difference(name, text, mutated), mutated)


def difference(name, text, mutated):
    """The line of the fault, the operator's name, and the lines as they were and are."""
    before, after = text.splitlines(), mutated.splitlines()
    changes = difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes()
    places = [place for tag, *place in changes if tag != "equal"]
    (a, _, c, _), (_, b, _, d) = places[0], places[-1]
    return a + 1, name, squeezed(before[a:b]), squeezed(after[c:d])


def squeezed(lines):
    return " ".join(" ".join(lines).split())
