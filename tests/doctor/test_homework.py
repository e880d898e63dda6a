"""Hand-written backprop as people write it: what is wrong in it, and that it is right when mended.

Each file in ``homework`` says the truth of itself, which central differences of its own loss have
shown: whether it is right, the lines of the mistake, and the line as it should be.
"""

import ast
import importlib.util
import linecache
import sys
from pathlib import Path

import pytest

from shapecheck_bp import diagnose
from shapecheck_bp.doctor.scripts import diagnose_file

HOMEWORK = Path(__file__).with_name("homework")
FILES = sorted(path for path in HOMEWORK.glob("h*.py") if not path.stem.endswith("_layers"))
# Each is a fix that is written otherwise than the truth has it, and is as good.
AS_GOOD = {
    "h08_script_update_first": "W2 -= lr * d_o @ h.T    # moved behind line 31",
    "h18_softmax_axis": "return e / np.sum(e, axis=1, keepdims=True)",
    "h36_script_buffers_kept": "gW2[...] = 0; gb2[...] = 0; gW1[...] = 0; gb1[...] = 0",
    "h40_threshold_double": "grad_theta1 = -(D1.sum(axis=1, keepdims=True) / m)",
    "h42_script_main_double": "weights_1 = weights_1 - rate * layer_1.T @ delta_2 / n"
    "    # moved behind line 37",
}


def truth_of(path):
    """What a file says of itself."""
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "TRUTH":
            return eval(ast.unparse(statement.value))
    raise AssertionError(path)


def diagnosis_of(path):
    """The diagnosis of a file: of its script, or of the call that it makes."""
    if "from scipy" in path.read_text():
        pytest.importorskip("scipy", reason="SciPy is not installed")
    if "SCRIPT = True" in path.read_text():
        return diagnose_file(str(path))
    linecache.checkcache()
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
        call, args = module.make()
        return diagnose(call, *args)
    finally:
        sys.path.remove(str(path.parent))
        for name in [name for name in sys.modules if name.startswith(path.stem)]:
            del sys.modules[name]


GUESSED = {"h24_int_buffer"}  # it computes no cost, and nothing in it fits one before it is mended


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_verdict_the_line_and_the_fix(path):
    truth = truth_of(path)
    diagnosis = diagnosis_of(path)
    assert diagnosis.ok is truth["ok"], diagnosis
    assert bool(diagnosis.findings) is not truth["ok"]
    lines = {*truth["lines"], *truth.get("also", ())}
    for finding in diagnosis.findings:
        assert {finding.line, finding.because} & lines, finding
        assert finding.sure == ("likely" if path.stem in GUESSED else "certain")
    assert len(diagnosis.findings) == len([key for key in ("fix", "also_fix") if truth.get(key)])
    fixes = {truth["fix"], truth.get("also_fix"), AS_GOOD.get(path.stem)}
    for finding in diagnosis.findings:
        assert finding.fix in fixes, finding


SICK = [path for path in FILES if not truth_of(path)["ok"]]


@pytest.mark.parametrize("path", SICK, ids=lambda path: path.stem)
def test_with_the_line_as_it_should_be_it_is_right(path, tmp_path):
    truth = truth_of(path)
    for other in HOMEWORK.glob(f"{path.stem}*.py"):
        (tmp_path / other.name).write_text(other.read_text())
    mended = tmp_path / truth.get("file", path.name)
    lines = mended.read_text().splitlines()
    for name, fix in (("lines", truth["fix"]), ("also", truth.get("also_fix"))):
        if fix:
            _exchange(lines, truth.get("fix_line", min(truth[name])), fix, truth.get(name))
    mended.write_text("\n".join(lines) + "\n")
    diagnosis = diagnosis_of(tmp_path / path.name)
    assert diagnosis.ok, diagnosis


def _exchange(lines, number, fix, all_of_them):
    """Another line; where statements are moved, the one in a later line goes."""
    old = lines[number - 1]
    lines[number - 1] = old[: len(old) - len(old.lstrip())] + fix
    if "; " in fix and len(all_of_them) == 2:
        later = max(all_of_them)
        indent = lines[later - 1][: len(lines[later - 1]) - len(lines[later - 1].lstrip())]
        lines[later - 1] = f"{indent}pass"
