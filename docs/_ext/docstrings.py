"""Docstrings are plain text, for people who read the code; here they become what Sphinx reads.

Formulas stay as they are typed: what is indented, and a first line that is an equation, is set as
code. Signatures are taken from the source, where annotations stand as they were written.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx

HEADINGS = {
    "Args:": "Arguments",
    "Attributes:": "Attributes",
    "Raises:": "Raises",
    "Gives:": "Gives",
    "Returns:": "Returns",
}
EQUATION = re.compile(r"^[^.]{0,40} [=~] |^W - ")


def plain(text: str) -> str:
    """A line with no markup in it but ``code`` and **bold**.

    Stars of a product and names that end in _ are left as they are read.
    """
    kept = re.split(r"(``.+?``|\*\*\w[^*]*\*\*)", text)
    for place in range(0, len(kept), 2):
        kept[place] = re.sub(r"([*`|\\]|_(?=\W|$))", r"\\\1", kept[place])
    return "".join(kept)


def blocks(lines: list[str]) -> Iterator[list[str]]:
    """What stands between blank lines."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line.rstrip())
        elif block:
            yield block
            block = []


def entries(block: list[str]) -> Iterator[str]:
    """The entries of Args and the like, each a list item: what is deeper goes on."""
    text = textwrap.dedent("\n".join(block)).splitlines()
    for line in text:
        name, colon, rest = line.partition(": ")
        if line.startswith(" ") or not colon or not re.fullmatch(r"\w+", name):
            yield f"  {plain(line.strip())}" if line.startswith(" ") else f"* {plain(line)}"
        else:
            yield f"* ``{name}``: {plain(rest)}"


def rest_of(lines: list[str]) -> Iterator[str]:
    """A docstring's lines as reStructuredText."""
    section = ""
    for number, block in enumerate(blocks(lines)):
        indented = block[0].startswith(" ")
        if block[0] in HEADINGS:
            section = block[0]
            yield f"**{HEADINGS[section]}**"
            yield ""
            block = block[1:]
            if section in ("Gives:", "Returns:"):
                yield from map(plain, textwrap.dedent("\n".join(block)).splitlines())
            else:
                yield from entries(block)
        elif block[0].startswith(">>>"):
            yield from block
        elif number == 0 and EQUATION.match(block[0]):
            yield from (".. code-block:: text", "", f"   {block[0].removesuffix('.')}")
            yield from ("", *map(plain, block[1:]))
        elif indented or (block[0][0] not in "-*" and any(line[0] == " " for line in block)):
            yield from (".. code-block:: text", "")
            yield from (f"   {line}" for line in block)
        else:
            yield from map(plain, block)
        yield ""


def unquoted(annotation: ast.expr | None) -> ast.expr | None:
    """The class that an annotation names before there is one."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return ast.parse(annotation.value, mode="eval").body
    return annotation


def on_docstring(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]):
    """Replace the lines that autodoc has found."""
    if lines and lines[0].startswith("Alias for field number"):
        lines.clear()  # what Python itself says of a NamedTuple's fields
    lines[:] = list(rest_of(list(lines)))


def on_signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """A function's signature as its source has it."""
    if what in ("class", "exception") and signature:
        return signature.replace("<factory>", "..."), returns
    if what not in ("function", "method") or not callable(obj):
        return None
    try:
        source = textwrap.dedent(inspect.getsource(inspect.unwrap(obj)))
        tree = ast.parse(source).body[0]
    except (OSError, TypeError, SyntaxError):
        return None
    if not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    if what == "method" and tree.args.args:
        del tree.args.args[0]
    for argument in ast.walk(tree.args):
        if isinstance(argument, ast.arg):
            argument.annotation = unquoted(argument.annotation)
    returned = unquoted(tree.returns)
    return f"({ast.unparse(tree.args)})", ast.unparse(returned) if returned else ""


def setup(app: Sphinx) -> dict[str, bool]:
    """Listen to autodoc."""
    app.connect("autodoc-process-docstring", on_docstring)
    app.connect("autodoc-process-signature", on_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
