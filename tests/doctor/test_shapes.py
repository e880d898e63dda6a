"""Mistakes of shape that NumPy lets pass: a parameter that grows, an error of all with all."""

import pytest
from training import COLUMN, ROW

from shapecheck_bp.doctor.scripts import diagnose_file

OF_ALL = ".sum(axis=1, keepdims=True)"
MISTAKES = {
    "not summed": (
        COLUMN,
        {"np.sum(dZ1, axis=1, keepdims=True) / m": "dZ1 / m"},
        ("db_not_summed", "db1 = dZ1.sum(axis=1, keepdims=True) / m"),
    ),
    "not summed, of one unit": (
        COLUMN,
        {"np.sum(dZ2, axis=1, keepdims=True) / m": "dZ2 / m"},
        ("db_not_summed", "db2 = dZ2.sum(axis=1, keepdims=True) / m"),
    ),
    "summed over units": (
        COLUMN,
        {"np.sum(dZ1, axis=1": "np.sum(dZ1, axis=0"},
        ("db_wrong_axis", "db1 = np.sum(dZ1, axis=1, keepdims=True) / m"),
    ),
    "not summed, of rows": (
        ROW,
        {"dZ1.sum(axis=0)": "dZ1"},
        ("db_not_summed", "db1 = dZ1.sum(axis=0)"),
    ),
    "all with all": (
        ROW,
        {
            "2 * (A2 - Y)": "2 * (A2 - y)",
            "A1.T @ dZ2": f"A1.T @ dZ2{OF_ALL}",
            "dZ2.sum(axis=0)": "dZ2.sum()",
            "dZ2 @ W2.T": f"dZ2{OF_ALL} @ W2.T",
        },
        ("rank_1", "dZ2 = 2 * (A2 - y[:, None]) / m"),
    ),
}


def of_script(folder, code):
    file = folder / "script.py"
    file.write_text(code)
    return diagnose_file(str(file), "")


@pytest.mark.parametrize("code", [COLUMN, ROW], ids=["column", "row"])
def test_it_is_right_without_them(code, tmp_path):
    assert of_script(tmp_path, code).ok is True


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_line_that_makes_the_shape_is_named_and_mended(mistake, tmp_path):
    code, changes, (name, fix) = MISTAKES[mistake]
    for old, new in changes.items():
        code = code.replace(old, new)
    diagnosis = of_script(tmp_path, code)
    (finding,) = diagnosis.findings
    at = code.splitlines()[finding.line - 1]
    assert (finding.mistake, finding.fix, finding.sure) == (name, fix, "certain"), diagnosis
    assert any(new in at for new in changes.values())


def test_a_parameter_that_grows_is_told_with_both_shapes(tmp_path):
    code = COLUMN.replace("np.sum(dZ1, axis=1, keepdims=True) / m", "dZ1 / m")
    told = str(of_script(tmp_path, code))
    assert "b1  wrong: (5, 40) where b1 is (5, 1)" in told
    assert "`dZ1 / m` does not fit b1, (5, 40) and (5, 1)" in told


def test_where_shapes_do_not_meet_it_says_what_shows_them(tmp_path):
    code = ROW.replace("2 * (A2 - Y)", "2 * (A2 - y)")
    with pytest.raises(ValueError, match=r"cannot be run: line 17: .*; which shapes met there: sh"):
        of_script(tmp_path, code)
