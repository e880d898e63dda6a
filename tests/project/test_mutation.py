"""The mutants that ``python tests/mutation`` makes, and the list of those that are no faults."""

import sys
import tomllib
from pathlib import Path

import pytest

import shapecheck_bp

FOLDER = Path(__file__).parents[1] / "mutation"
LISTED = tomllib.loads((FOLDER / "equivalent.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", LISTED)
def test_what_is_listed_as_equivalent_is_about_lines_that_there_are(module):
    path = Path(shapecheck_bp.__file__).parent / f"{module.replace('.', '/')}.py"
    text = " ".join(path.read_text(encoding="utf-8").split())
    for one in LISTED[module]:
        assert one["was"] in text
        is_less = one["now"] == "pass" or one["was"].startswith(one["now"])
        assert is_less or one["now"] not in text
        assert one["why"].endswith(".")
        assert one.keys() == {"was", "now", "why"}


@pytest.fixture
def operators(monkeypatch):
    pytest.importorskip("cosmic_ray", reason="Cosmic Ray is not installed")
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.delitem(sys.modules, "operators", raising=False)
    import operators

    yield operators
    monkeypatch.delitem(sys.modules, "operators")


CODE = '''\
def f(x: Float[Array, "n m"]) -> Float[Array, "m n"]:
    """As it is."""
    y = g(x, axis=0)
    return h(f"{y}: no") @ x.T
'''


def mutants(operators, name):
    """The lines that each mutant has in place of the function's own."""
    from cosmic_ray.mutating import mutate_code

    operator, found, lines = operators.operators()[name], [], CODE.splitlines()
    while text := mutate_code(CODE, operator, len(found)):
        found.append([line.strip() for line in text.splitlines() if line not in lines])
    return found


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        (
            "AxesChanged",
            [
                [f"def f(x: Float[Array, {here}]) -> Float[Array, {there}]:"]
                for here, there in [
                    *((f'"{axes}"', '"m n"') for axes in ("m n", "...", "_ m", "n _")),
                    *(('"n m"', f'"{axes}"') for axes in ("n m", "...", "_ n", "m _")),
                ]
            ],
        ),
        ("StringChanged", [['return h(f"{y}XX") @ x.T']]),
        ("TransposeRemoved", [['return h(f"{y}: no") @ x']]),
        ("ArgumentRemoved", [["y = g(axis=0)"], ["y = g(x)"]]),
        ("StatementRemoved", [["pass"], ["pass"]]),
        ("NumberReplacer", [["y = g(x, axis= 1)"], ["y = g(x, axis= -1)"]]),
    ],
)
def test_each_operator_makes_its_faults_one_at_a_time(operators, name, changed):
    assert mutants(operators, name) == changed


def test_what_is_a_type_error_on_numbers_is_left_out(operators):
    names = operators.operators()
    assert "ReplaceBinaryOperator_Add_Sub" in names
    assert "ReplaceBinaryOperator_Add_BitOr" not in names
    assert "ReplaceBinaryOperator_BitOr_BitAnd" in names
