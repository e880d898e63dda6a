"""Every notebook runs, and shows what is committed.

After a change that is meant, this writes the outputs that have become stale, and no others:

    SHAPECHECK_BP_WRITE_NOTEBOOKS=1 pytest tests/project/test_notebooks.py
"""

import base64
import importlib.util
import io
import os
import re
from pathlib import Path

import matplotlib.image
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
WRITE = bool(os.environ.get("SHAPECHECK_BP_WRITE_NOTEBOOKS"))
NEEDS = {"6_frameworks": ("torch", "jax", "keras")}
README_PICTURE = FOLDER / "two_conventions.png"

# Rounding differs from processor to processor, and so does whatever counts it: eps wherever they
# are told, and all numbers of a cell that is tagged so.
# The colours of an error differ between versions of IPython.
COLOURS = re.compile(r"\\x1b\[[\d;]*m")
ROUNDING = {False: re.compile(r"[\d.]+ eps\b"), True: re.compile(r"\b[\d.]+(e[+-]\d+)?\b")}


def read(path):
    return nbformat.read(path, as_version=4)


def executed(path):
    """The notebook as it comes out of a fresh kernel, without times and versions."""
    book = read(path)
    client = NotebookClient(
        book,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # a busy machine sends what is printed in more pieces
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.execute()
    book.metadata["language_info"] = {"name": "python"}
    return book


def same_pictures(one, other):
    """Whether two pictures are the same but for the drawing of letters, which versions change.

    A digit that has changed in a picture is not noticed: what matters is said in words too.
    """
    first, second = (
        matplotlib.image.imread(io.BytesIO(base64.b64decode(png)))[..., :3] for png in (one, other)
    )
    if first.shape != second.shape:
        return False
    changed = np.max(np.abs(first - second), axis=-1) > 0.3
    return np.mean(changed) < 0.01


def same(one, other, rounding=False):
    """Whether two outputs of a cell are the same."""
    one, other = dict(one), dict(other)
    pictures, words = [], []
    for each in (one, other):
        data = dict(each.pop("data", {}))
        pictures.append(data.pop("image/png", ""))
        each.pop("execution_count", None)
        told = repr((sorted(each.items()), sorted(data.items())))
        words.append(re.sub(r"(\\n|\s)+", " ", ROUNDING[rounding].sub("#", COLOURS.sub("", told))))
    if words[0] != words[1] or bool(pictures[0]) != bool(pictures[1]):
        return False
    return not pictures[0] or same_pictures(*pictures)


def stale_cells(committed, fresh):
    """The numbers of code cells whose outputs are not what is committed."""
    return [
        number
        for number, (old, new) in enumerate(zip(committed.cells, fresh.cells, strict=True))
        if new.cell_type == "code"
        and not (
            len(old.outputs) == len(new.outputs)
            and all(
                same(*pair, rounding="rounding" in new.metadata.get("tags", ()))
                for pair in zip(old.outputs, new.outputs, strict=True)
            )
            and old.execution_count == new.execution_count
        )
    ]


def text_of(book):
    """Everything a cell says."""
    outputs = (output for cell in book.cells for output in cell.get("outputs", ()))
    return "\n".join(
        str(output.get("text", ""))
        + "".join(map(str, dict(output.get("data", {})).values()))
        + "".join(output.get("traceback", ()))
        for output in outputs
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_outputs_are_fresh(path):
    for library in NEEDS.get(path.stem, ()):
        if importlib.util.find_spec(library) is None:
            pytest.skip(f"{library} is not installed")
    committed, fresh = read(path), executed(path)
    stale = stale_cells(committed, fresh)
    if WRITE:
        for number, (old, new) in enumerate(zip(committed.cells, fresh.cells, strict=True)):
            if new.cell_type == "code" and number not in stale:
                new.outputs = old.outputs
        if stale or committed.metadata != fresh.metadata:
            nbformat.write(fresh, path)
        stale = []
    assert stale == [], f"stale outputs in {path.name}, cells {stale}: see the top of this file"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_a_lesson_and_leaves_no_trace_of_the_machine(path):
    book = read(path)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert book.cells[0].source.startswith("# ")
    assert book.cells[-1].cell_type == "markdown"
    assert book.cells[-1].source.startswith("## Try")
    assert max(len(cell.source.splitlines()) for cell in code) <= 24, "small cells"
    assert all(output.get("name") != "stderr" for cell in code for output in cell.outputs)
    assert not re.search(r"/home|/tmp|/work|site-packages|0x[0-9a-f]{6}", text_of(book))
    assert nbformat.validate(book) is None


def test_the_picture_in_the_readme_is_the_first_notebooks(tmp_path):
    book = read(FOLDER / "1_two_conventions.ipynb")
    pictures = [
        output.data["image/png"]
        for cell in book.cells
        if "readme" in cell.metadata.get("tags", ())
        for output in cell.outputs
    ]
    assert len(pictures) == 1
    picture = base64.b64decode(pictures[0])
    if WRITE:
        README_PICTURE.write_bytes(picture)
    assert README_PICTURE.read_bytes() == picture


def test_stale_outputs_are_noticed():
    path = FOLDER / "2_which_transpose.ipynb"
    committed, changed = read(path), read(path)
    assert stale_cells(committed, changed) == []
    outputs = [cell for cell in changed.cells if cell.get("outputs")]
    outputs[0].outputs[0]["text"] = "something else"
    outputs[1].outputs = []
    assert len(stale_cells(committed, changed)) == 2
    rounded = nbformat.v4.new_output("stream", name="stdout", text="3.5 eps of 1000 eps, 7 apart")
    other = nbformat.v4.new_output("stream", name="stdout", text="0.0 eps of 1000 eps, 7 apart")
    third = nbformat.v4.new_output("stream", name="stdout", text="0.0 eps of 1000 eps, 8 apart")
    assert same(rounded, other)
    assert not same(rounded, third)
    assert same(rounded, third, rounding=True)


def test_pictures_that_differ_are_noticed():
    from shapecheck_bp import draw

    def encoded(**arrays):
        return base64.b64encode(draw.values(**arrays)._repr_png_()).decode()

    one = encoded(X=np.eye(3))
    assert same_pictures(one, encoded(X=np.eye(3)))
    assert not same_pictures(one, encoded(X=np.eye(3)[::-1]))
    assert not same_pictures(one, encoded(X=np.eye(4)))


def test_the_readme_lists_them_all():
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    numbers = sorted(int(path.stem.partition("_")[0]) for path in NOTEBOOKS)
    assert numbers == [*range(1, len(NOTEBOOKS) + 1)]
    assert all(f"(notebooks/{path.name})" in readme for path in NOTEBOOKS)
