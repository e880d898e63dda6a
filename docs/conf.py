"""The documentation's settings: ``sphinx-build -W --keep-going -b html docs docs/_build``.

Nothing is fetched while it builds, and a page asks for nothing from elsewhere while it is read.
"""

import sys
from pathlib import Path

import shapecheck_bp
from shapecheck_bp.derivations.lesson import page

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "shapecheck_bp"
author = "The shapecheck_bp authors"
copyright = author
version = release = shapecheck_bp.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "beside", "docstrings", "mathml"]
exclude_patterns = ["_build", "_ext", "_lessons", "jupyter_execute"]  # the last is left by myst_nb

# Notebooks are shown as they are committed; a test holds their outputs to what they print.
NOTEBOOKS = HERE / "_notebooks"  # not under version control: copies of ../notebooks
NOTEBOOKS.mkdir(exist_ok=True)
committed = {path.name: path.read_bytes() for path in (HERE.parent / "notebooks").glob("*.ipynb")}
for path in NOTEBOOKS.glob("*.ipynb"):
    if path.name not in committed:
        path.unlink()
for name, content in committed.items():
    copy = NOTEBOOKS / name
    if not copy.is_file() or copy.read_bytes() != content:
        copy.write_bytes(content)
nb_execution_mode = "off"
nb_merge_streams = True

# What side_by_side.md links to. Not under version control either.
LESSONS = HERE / "_lessons" / "try"
LESSONS.mkdir(parents=True, exist_ok=True)
for net in (
    shapecheck_bp.Network((3, 4, 2)),
    shapecheck_bp.Network((3, 2, 1), "tanh", "sigmoid"),
    shapecheck_bp.Network((2, 3, 3, 2), "tanh", "identity"),
):
    name = "-".join(map(str, net.sizes))
    (LESSONS / f"{name}.html").write_text(page(net), encoding="utf-8")
html_extra_path = ["_lessons"]

myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3

smartquotes_action = "De"  # dashes and ellipses: the ' of g' is no quotation mark

autodoc_member_order = "bysource"
python_maximum_signature_line_length = 60
add_module_names = False
toc_object_entries = False
nitpicky = True
nitpick_ignore_regex = [("py:(class|obj)", ".*")]  # what annotations are made of

html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"shapecheck_bp {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "default"
