"""``.. beside:: linear_forward``: a function of ``column`` and its mirror, side by side."""

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PAIR = """\
.. container:: beside

   .. container:: one-side

      .. autofunction:: shapecheck_bp.column.{0}

   .. container:: one-side

      .. autofunction:: shapecheck_bp.row.{0}
"""


class Beside(SphinxDirective):
    """What both modules say of one function."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Two of autodoc's entries, in containers that the stylesheet puts next to each other."""
        lines = StringList(PAIR.format(self.arguments[0]).splitlines(), self.get_source_info()[0])
        holder = nodes.Element()
        self.state.nested_parse(lines, self.content_offset, holder)
        return holder.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("beside", Beside)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
