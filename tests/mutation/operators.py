"""Which small faults are made: Cosmic Ray's, and five more that a library of shapes needs.

An operator is handed every node of a module's syntax tree, and says how often it can change it.
"""

import re
from abc import abstractmethod

import parso
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names
from parso.python.tree import Leaf, PythonNode, String

# On numbers and arrays these are type errors; the last two want to be told names.
LEFT_OUT = re.compile(
    r"BinaryOperator_(Add|Sub|Mul|Div|Pow|FloorDiv|Mod)_(Bit.*|.Shift)|Variable(Replacer|Inserter)"
)


class OperatorOfNodes(Operator):
    """Changes one kind of node, in each of the ways that ``changed`` gives."""

    @abstractmethod
    def changed(self, node):
        """The texts that may stand in the node's place."""

    def mutation_positions(self, node):
        for _ in self.changed(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        first = node.get_first_leaf()
        return Leaf([*self.changed(node)][index], first.start_pos, prefix=first.prefix)

    @classmethod
    def examples(cls):
        return ()


def is_annotation(node):
    """Whether a string gives axes: the second in Float[Array, "n m"]."""
    return isinstance(node, String) and getattr(node.parent, "type", "") == "subscriptlist"


class AxesChanged(OperatorOfNodes):
    """Axes in reverse, any axes at all, and any size on each of them in turn."""

    def changed(self, node):
        if not is_annotation(node):
            return
        axes = node.value.strip('"').split()
        others = [axes[::-1], ["..."]]
        others += [[*axes[:i], "_", *axes[i + 1 :]] for i in range(len(axes))]
        for i, other in enumerate(others):
            if other != axes and other not in others[:i]:
                yield f'"{" ".join(other)}"'


class StringChanged(OperatorOfNodes):
    """Another string than is written, but for docstrings and axes."""

    def changed(self, node):
        if node.type == "fstring_string":
            yield "XX"
        docstring = getattr(node.parent, "type", "") == "simple_stmt"
        if isinstance(node, String) and not docstring and not is_annotation(node):
            quote = node.value.lstrip("frbu")[0]
            yield node.value.replace(quote, f"{quote}XX", 1)


class TransposeRemoved(OperatorOfNodes):
    """No ``.T``."""

    def changed(self, node):
        if node.type == "trailer" and node.get_code(include_prefix=False) == ".T":
            yield ""


class ArgumentRemoved(OperatorOfNodes):
    """One argument fewer, of those of a call."""

    def changed(self, node):
        if node.type == "arglist" and node.parent.type == "trailer":
            arguments = [one.get_code().strip() for one in node.children if one.type != "operator"]
            for i in range(len(arguments)):
                yield ", ".join([*arguments[:i], *arguments[i + 1 :]])


class StatementRemoved(OperatorOfNodes):
    """No such statement; a docstring is none."""

    def changed(self, node):
        if (
            isinstance(node, PythonNode)
            and node.type == "simple_stmt"
            and parso.tree.search_ancestor(node, "funcdef")
            and not isinstance(node.children[0], String)
        ):
            yield "pass\n"


OWN = (AxesChanged, StringChanged, TransposeRemoved, ArgumentRemoved, StatementRemoved)


def operators():
    """An instance of every operator, by its name."""
    known = {name.partition("/")[2]: name for name in operator_names()}
    chosen = {
        name: get_operator(full)() for name, full in known.items() if not LEFT_OUT.search(name)
    }
    return chosen | {own.__name__: own() for own in OWN}
