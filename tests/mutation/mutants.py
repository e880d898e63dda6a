"""Every small fault that the operators can make in a module, once."""

import ast
import difflib
from pathlib import Path
from typing import NamedTuple

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


def mutants_of(module, text):
    """Every mutant that is another program than the module's text, and than the mutants before."""
    seen = {ast.dump(ast.parse(text))}
    for name, operator in operators().items():
        occurrence = 0
        while mutated := mutate_code(text, operator, occurrence):
            occurrence += 1
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
