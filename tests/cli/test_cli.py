import json
import subprocess
import sys
from functools import cache

import pytest

import shapecheck_bp
from shapecheck_bp import row
from shapecheck_bp.cli import comparison, main


@pytest.mark.xdist_group("main job")
@pytest.mark.usefixtures("main_job_as_found")
def test_the_main_job_as_a_person_sees_it(capsys):
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for fragment in (
        "column: Z = W @ A_prev + b",
        "(n_1, n_0) = (32, 64)",
        "(n_0, n_1) = (64, 32)",
        "held-out accuracy      98.06%           98.06%",
        "ShapeError: column.gradients: X does not fit, and X.T would.",
        "Pass X.T, or use shapecheck_bp.row if your examples are rows.",
        "The gradients agree.",
    ):
        assert fragment in out
    tables = out.partition("ShapeError")[0]
    assert max(map(len, tables.splitlines())) <= 80
    assert "\x1b" not in out


@pytest.mark.xdist_group("main job")
def test_json_is_one_object_with_the_same_facts(main_job_as_found, capsys):
    assert main(["--json"]) == 0
    assert main_job_as_found == {"epochs": 30, "seed": 0}
    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert err == ""
    assert facts["agree"] is True
    assert facts["network"]["sizes"] == [64, 32, 10]
    assert facts["settings"]["epochs"] == 30
    assert facts["examples"] == {"train": 1437, "held_out": 360}
    assert [run["convention"] for run in facts["training"]] == ["column", "row"]
    assert len(facts["training"][0]["costs"]) == 30
    assert facts["shapes"][0]["column_shape"] == [64, 1437]
    assert facts["shape_error"]["argument"] == "X"
    for when in ("gradients_at_start", "gradients_after_training"):
        assert {(one["layer"], one["quantity"]) for one in facts[when]} == {
            (layer, quantity) for layer in (1, 2) for quantity in ("dW", "db")
        }


@pytest.mark.xdist_group("main job")
def test_the_settings_that_are_asked_for(main_job_as_found):
    assert main(["--epochs", "2", "--seed", "3"]) == 0
    assert main_job_as_found == {"epochs": 2, "seed": 3}


def test_gradients_that_disagree_are_exit_status_1(monkeypatch, capsys):
    """After no epochs, which is a number of epochs too."""
    weights_backward = row.weights_backward

    def faulty(dZ, A_prev):
        return weights_backward(dZ, A_prev)._replace(db=weights_backward(dZ, A_prev).db * 2)

    monkeypatch.setattr(row, "weights_backward", faulty)
    monkeypatch.setattr(comparison, "compare_on_digits", cache(comparison.compare_on_digits))
    assert main(["--epochs", "0"]) == 1
    out, _ = capsys.readouterr()
    assert "DIFFER" in out
    assert "The gradients DO NOT agree." in out
    assert main(["--epochs", "0", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["agree"] is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epochs", "many"], "argument --epochs: invalid int value: 'many'"),
        (["--epochs", "-1"], "epochs: expected a whole number from 0 up; got -1"),
        (["--seed", "-1"], "seed: expected a whole number from 0 up; got -1"),
        (["nonsense"], "argument command: invalid choice: 'nonsense'"),
        (["prove", "--epochs", "3"], "unrecognized arguments: --epochs 3"),
    ],
)
def test_a_command_line_that_cannot_be_understood_is_exit_status_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    out, err = capsys.readouterr()
    assert (out, message in err) == ("", True)


def test_version_of_the_program():
    asked = [sys.executable, "-m", "shapecheck_bp", "--version"]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == shapecheck_bp.__version__


def test_a_reader_that_stops_early():
    """Before all is written, which is more than a pipe holds."""
    asked = f"{sys.executable} -m shapecheck_bp trace {'4 ' * 30} --json"
    done = subprocess.run(f"{asked} | head -1", shell=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_importing_the_package_loads_nothing_heavy():
    heavy = ["sympy", "rich", "matplotlib", "torch", "jax", "pandas", "shapecheck_bp.data"]
    code = f"import sys, shapecheck_bp; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
