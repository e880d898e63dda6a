"""CI's last job stands for all the others: it is the one that a merge waits for."""

import re
from pathlib import Path

import pytest

CI = Path(__file__).parents[2] / ".github" / "workflows" / "ci.yml"


def test_the_last_job_needs_every_other_and_each_to_succeed():
    if not CI.is_file():
        pytest.skip("the workflows are not packed")
    jobs = CI.read_text(encoding="utf-8").partition("\njobs:\n")[2]
    *others, last = re.findall(r"^  (\w+):$", jobs, re.MULTILINE)
    assert (len(others) > 1, last) == (True, "all")
    steps = jobs.partition("\n  all:\n")[2]
    (needs,) = re.findall(r"^    needs: \[(.*)\]$", steps, re.MULTILINE)
    (results,) = re.findall(r"""^      - run: '\[ "\$RESULTS" = "(.*)" \]'$""", steps, re.MULTILINE)
    assert needs.split(", ") == others
    assert results.split(" ") == ["success"] * len(others)
