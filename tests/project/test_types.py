"""What type checkers tell somebody who uses the installed package: ``typed_use.py`` says."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

USE = Path(__file__).parents[1] / "typed_use.py"
STRICTLY = {"typeCheckingMode": "strict", "reportUnnecessaryTypeIgnoreComment": True}
# The frameworks' own sources, two thousand files, are not read: nothing here depends on them.
WITHOUT_FRAMEWORKS = """[mypy]
strict = True
warn_unused_ignores = True
[mypy-torch.*,jax.*,dask.*,onnx.*,IPython.*,matplotlib.*]
follow_imports = skip
"""
COMMANDS = {
    "mypy": ["--config-file=mypy.ini", USE.name],
    "pyright": ["--pythonpath", sys.executable, "--project", "pyrightconfig.json"],
}


@pytest.mark.parametrize("checker", COMMANDS)
def test_every_type_and_every_mistake_is_seen(checker, tmp_path):
    """In a folder of its own, from where the package is what is installed."""
    if find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")
    (tmp_path / USE.name).write_bytes(USE.read_bytes())
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(STRICTLY))
    (tmp_path / "mypy.ini").write_text(WITHOUT_FRAMEWORKS)
    command = [sys.executable, "-m", checker, *COMMANDS[checker]]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
