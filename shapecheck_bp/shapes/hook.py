"""A whole package in a line: its functions and classes are checked as they are imported.

The hook reads the source of a module and puts a decorator under every function's own decorators, so
that jit and its like wrap what is checked, and over those of every class. What has nothing to
check stays as it is. Code for compilers that read functions themselves (Numba, Triton, TorchScript)
is left alone.

>>> source = '''
... def double(x: int) -> int:
...     return 2 * x
... '''
>>> print(ast.unparse(Decorating().visit(ast.parse(source))))
@__shapechecked__
def double(x: int) -> int:
    return 2 * x
"""

import ast
import sys
import warnings
from collections.abc import Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec
from types import CodeType, ModuleType
from typing import Any

from shapecheck_bp.shapes.decorator import checked_thing, says_anything

NAME = "__shapechecked__"  # in the modules that are hooked
COMPILERS = ("numba", "triton", "torch.jit", "taichi", "cupyx.jit")
UNCHECKED = ("no_type_check", "overload", "typing.no_type_check", "typing.overload")


class Decorating(ast.NodeTransformer):
    """Puts the decorator on every function and class of a module."""

    def __init__(self) -> None:
        self.imported: dict[str, str] = {}

    def visit_Import(self, node: ast.Import) -> ast.Import:
        """Note what a module is called here."""
        self.imported |= {one.asname or one.name: one.name for one in node.names}
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        """Note what something of a module is called here."""
        self.imported |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
        return node

    def visit_FunctionDef(self, node: Any) -> Any:
        """Decorate a function below all of its decorators."""
        if not self._is_left_alone(node):
            node.decorator_list.append(_decorator(node))
            self.generic_visit(node)
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """Decorate a class above all of its decorators."""
        if not self._is_left_alone(node):
            node.decorator_list.insert(0, _decorator(node))
            self.generic_visit(node)
        return node

    def _is_left_alone(self, node: Any) -> bool:
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            root, _, rest = ast.unparse(called).partition(".")
            name = ".".join(filter(None, (self.imported.get(root, root), rest)))
            if name in UNCHECKED or name.startswith(COMPILERS):
                return True
        return False


def _decorator(node: ast.AST) -> ast.expr:
    return ast.copy_location(ast.Name(NAME, ast.Load()), node)


def hooked(thing: Any, conf: Any = None) -> Any:
    """What the decorator does: the thing checked, or itself where there is nothing to check."""
    checked = checked_thing(thing, conf, methods=False) if says_anything(thing) else None
    return thing if checked is None else checked


class _Loader(SourceFileLoader):
    """Loads a module's source with the decorators; nothing of it is kept on disk."""

    conf: Any = None

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path), path)
        code: CodeType = compile(
            ast.fix_missing_locations(Decorating().visit(tree)), path, "exec", dont_inherit=True
        )
        return code

    def exec_module(self, module: ModuleType) -> None:
        vars(module)[NAME] = partial(hooked, conf=self.conf)
        super().exec_module(module)


class Hook(MetaPathFinder):
    """Finds the modules of some packages as Python does, to be loaded with their checks.

    It is also a context, at whose end no more modules are hooked; so does ``uninstall()``.
    """

    def __init__(self, packages: Sequence[str], conf: Any) -> None:
        self.packages, self.conf = packages, conf

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """What Python's own finders find, where it is a module of these packages."""
        if not any(f"{fullname}.".startswith(f"{package}.") for package in self.packages):
            return None
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if type(spec.loader) is SourceFileLoader:
                    spec.loader = _Loader(spec.loader.name, spec.loader.path)
                    spec.loader.conf = self.conf
                return spec
        return None

    def uninstall(self) -> None:
        """Hook no more modules; those that are loaded keep their checks."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def __enter__(self) -> "Hook":
        return self

    def __exit__(self, *error: object) -> None:
        self.uninstall()


def install_import_hook(
    packages: str | list[str] | tuple[str, ...] | set[str], conf: Any = None
) -> Hook:
    """Hold every function and class of packages to its annotations, as they are imported from now.

        with install_import_hook("mypackage"):
            import mypackage

    Args:
        packages: names of packages or modules; all modules inside a package are meant too.
        conf: a ``BeartypeConf`` for annotations that hold no arrays, if not the usual.

    Returns:
        What ends it: as a context, or by its ``uninstall()``.

    Raises:
        TypeError: where packages are no names.
    """
    names = [*packages] if isinstance(packages, list | tuple | set) else [packages]
    for name in names:
        if not all(map(str.isidentifier, str(name).split("."))):
            raise TypeError(f"install_import_hook: expected names of packages; got {name!r}")
    for name in names:
        if _is_nowhere(str(name).partition(".")[0]):
            warnings.warn(
                f"install_import_hook: no package {name} is found, and nothing is checked by this",
                stacklevel=2,
            )
        module = sys.modules.get(name)
        if module is not None and NAME not in vars(module):
            warnings.warn(
                f"install_import_hook: {name} has been imported already, and is not checked."
                " Install the hook before anything imports it",
                stacklevel=2,
            )
    hook = Hook(names, conf)
    sys.meta_path.insert(0, hook)
    return hook


def _is_nowhere(name: str) -> bool:
    """Whether there is no such package or module."""
    try:
        return name not in sys.modules and find_spec(name) is None
    except (ImportError, ValueError):
        return False


def hook_cells(shell: Any, line: str) -> None:
    """What ``%shapechecked on`` and ``off`` do in a notebook."""
    if line.strip() not in ("on", "off"):
        raise ValueError(f"%shapechecked: expected on or off; got {line.strip()!r}")
    shell.ast_transformers[:] = [
        each for each in shell.ast_transformers if not isinstance(each, Decorating)
    ]
    if line.strip() == "on":
        shell.user_ns[NAME] = hooked
        shell.ast_transformers.append(Decorating())
