"""What type checkers tell somebody who uses the installed package: ``typed_use.py`` says."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

USE = Path(__file__).parents[1] / "typed_use.py"
STRICTLY = {"typeCheckingMode": "strict", "reportUnnecessaryTypeIgnoreComment": True}
COMMANDS = {
    "mypy": ["--strict", "--warn-unused-ignores", "--config-file=", USE.name],
    "pyright": ["--pythonpath", sys.executable, "--project", "pyrightconfig.json"],
}


@pytest.mark.parametrize("checker", COMMANDS)
def test_every_type_and_every_mistake_is_seen(checker, tmp_path):
    """In a folder of its own, from where the package is what is installed."""
    if find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")
    (tmp_path / USE.name).write_bytes(USE.read_bytes())
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(STRICTLY))
    command = [sys.executable, "-m", checker, *COMMANDS[checker]]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
