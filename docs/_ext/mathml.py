"""Formulas as MathML, which browsers show by themselves, without a script and a network."""

import re
from html import escape
from typing import Any

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

# docutils knows matrices and no array. Each of its entries is a formula in a cell of a table.
ARRAY = re.compile(r"\s*\\begin{array}{[lcr|]+}(.*)\\end{array}\s*", re.DOTALL)


def converted(latex: str, as_block: bool) -> str:
    """A formula as MathML; one that cannot be converted as it was typed, with a warning."""
    if array := ARRAY.fullmatch(latex):
        rows = re.split(r"\\\\(?:\[\w+\])?", array[1])
        cells = ([converted(cell.strip(), False) for cell in row.split("&")] for row in rows)
        lines = (f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in cells)
        return f'<table class="math">{"".join(lines)}</table>'
    try:
        return tex2mathml(latex, as_block=as_block)
    except MathError as error:
        logging.getLogger(__name__).warning("formula %r: %s", latex, error)
        return f"<code>{escape(latex)}</code>"


def inline(self: Any, node: Any) -> None:
    """A formula in a line."""
    self.body.append(converted(node.astext(), as_block=False))
    raise SkipNode


def display(self: Any, node: Any) -> None:
    """A formula of its own."""
    self.body.append(f'<div class="math">{converted(node.astext(), as_block=True)}</div>')
    raise SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer it to Sphinx as the math renderer "mathml"."""
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
