"""The page in headless Chromium: what it shows, what it does when pointed at, and for whom."""

import re
import shutil

import numpy as np
import pytest
from libraries import NO_BROWSER

from shapecheck_bp import Network, column, flip, row
from shapecheck_bp.cli import main
from shapecheck_bp.derivations.lesson.steps import drawn
from shapecheck_bp.derivations.mistakes import MISTAKES

pytestmark = pytest.mark.xdist_group("browser")
CONVENTIONS = {"column": column, "row": row}
NET, M = Network((3, 4, 2), "tanh"), 5
WIDTHS, THEMES = (360, 768, 1366), ("light", "dark")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

# What is visible of every text, and against what: the contrast of WCAG 2.
CONTRASTS = """() => {
  const light = (c) => {
    const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  for (const one of document.querySelectorAll("body *")) {
    const own = [...one.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const unseen = ":disabled, noscript, script, style, option";
    if (!own || !one.checkVisibility() || one.closest(unseen)) continue;
    const ground = (where) => {
      const colour = getComputedStyle(where).backgroundColor;
      return /, 0\\)$|transparent/.test(colour) ? ground(where.parentElement) : colour;
    };
    const [a, b] = [getComputedStyle(one).color, ground(one)].map(light);
    found.push([one.outerHTML.slice(0, 80), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(NO_BROWSER)
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found)
        yield started
        started.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    out = tmp_path_factory.mktemp("page") / "page.html"
    main(["page", "3", "4", "2", "--hidden", "tanh", "-o", str(out)])
    return out.as_uri()


@pytest.fixture
def opened(browser, file):
    """Opens the page in a window of its own; at the end nothing was complained of or asked for."""
    windows, complaints = [], []

    def open_(width=1366, theme="light", step="Z1"):
        window = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
        window.on("console", lambda message: complaints.append(message.text))
        window.on("pageerror", lambda error: complaints.append(str(error)))
        window.on("request", lambda request: complaints.append(request.url))
        window.goto(f"{file}#{step}")
        windows.append(window)
        return window

    yield open_
    for window in windows:
        window.close()
    assert [one for one in complaints if not one.startswith((file, "data:,"))] == []


def grids(window, side):
    """The matrices on one side by their names, each as the texts in its cells."""
    return window.evaluate(
        """(side) => Object.fromEntries([...document.querySelectorAll(`#${side} table`)].map(
        (one) => [one.caption.textContent, [...one.tBodies[0].rows].map((row) =>
        [...row.querySelectorAll("td:not(.corner)")].map((cell) => cell.textContent))]))""",
        side,
    )


def marked(window, side, kind):
    """The entries that are marked so: the matrix's name, row and column."""
    return window.evaluate(
        """([side, kind]) => [...document.querySelectorAll(`#${side} td.${kind}`)].map((cell) =>
        [cell.closest("table").caption.textContent, cell.r, cell.c])""",
        [side, kind],
    )


def entry(window, side, name, r, c):
    """An entry of a matrix, to be pointed at."""
    (matrix,) = (
        one
        for one in window.locator(f"#{side} table").all()
        if one.locator("caption").inner_text() == name
    )
    return matrix.locator("tbody tr").nth(r).locator("td:not(.corner)").nth(c)


def number(text):
    return float(text.replace("−", "-"))


def sizes(array):
    """An array's shape as the axes' headings have it."""
    return [str(size) for size in np.shape(array)]


def test_all_steps_show_the_librarys_numbers_in_both_conventions(opened):
    window, problem = opened(), drawn(NET, M)
    walked = 0
    for side, bp in CONVENTIONS.items():
        mine = problem if side == "column" else flip(problem)
        cache = bp.forward(*mine[:3])
        _, grads = bp.gradients(*mine)
        wanted = {"A_prev = X": mine.X, "Y": mine.Y}
        for layer, (W, b) in enumerate(mine.params, start=1):
            wanted |= {f"W[{layer}]": W, f"b[{layer}]": b, f"A[{layer}]": cache.A[layer]}
            wanted |= {f"Z[{layer}]": cache.Z[layer - 1], f"dW[{layer}]": grads[layer - 1].dW}
            wanted |= {f"db[{layer}]": grads[layer - 1].db}
        wanted |= {"W[2].T": mine.params[1].W.T, "A_prev.T = X.T": mine.X.T}
        wanted |= {"A_prev.T = A[1].T": cache.A[1].T}
        seen = set()
        window.evaluate("go(0)")
        while True:
            for name, cells in grids(window, side).items():
                if name in wanted:
                    seen.add(name)
                    shown = np.array([[number(cell) for cell in line] for line in cells])
                    np.testing.assert_allclose(shown, wanted[name], atol=0.0051)
            if window.locator("#next").get_attribute("aria-disabled") == "true":
                break
            window.locator("#next").click()
            walked += 1
        assert seen == wanted.keys()
    assert walked == 2 * 11


def test_what_is_spelled_out_of_an_entry_adds_up_to_it(opened):
    """Every entry of every step but softmax and J, in both conventions."""
    window = opened()
    spelled = window.evaluate(
        """() => data.steps.flatMap((one, index) => {
          chosen.step = index;
          return SIDES.map(sideOf).flatMap((made) => all(made.result.rows).map(
            ([i, j]) => [one.name, reckoned(made, i, j), made.result.rows[i][j]]));
        })"""
    )
    known = {"sum": lambda x: x, "log": np.log, "tanh": np.tanh, "__builtins__": {}}
    known["tanh_prime"] = lambda z: 1 - np.tanh(z) ** 2
    counted = 0
    for name, text, value in spelled:
        left, _, right = text.rpartition(" = ")
        assert number(right) == pytest.approx(value, rel=6e-3)
        if name in ("A2", "J"):  # in which sums stand inside of formulas
            assert left == ""
        else:
            code = left.replace("−", "-").replace("·", "*").replace("'", "_prime")
            assert eval(code, known) == pytest.approx(value, abs=0.02), text
            counted += 1
    assert counted == 2 * (20 + 20 + 10 + 10 + 8 + 2 + 20 + 20 + 12 + 4)


def test_pointing_lights_up_the_row_and_the_column_on_both_sides(opened):
    window = opened(step="dW2")
    entry(window, "column", "dW[2]", 1, 2).hover()
    assert marked(window, "column", "at") == [["dW[2]", 1, 2]]
    assert marked(window, "row", "at") == [["dW[2]", 2, 1]]
    assert sorted(marked(window, "column", "lit")) == sorted(
        [["dZ[2]", 1, i] for i in range(M)] + [["A_prev.T = A[1].T", i, 2] for i in range(M)]
    )
    assert sorted(marked(window, "row", "lit")) == sorted(
        [["dZ[2]", i, 1] for i in range(M)] + [["A_prev.T = A[1].T", 2, i] for i in range(M)]
    )
    lit = window.locator("#row td.lit").first
    assert "axis-m" in lit.get_attribute("class")  # in the colour of what is summed
    assert window.locator("#column .reckoning").inner_text().startswith("row 2, column 3: (")
    assert window.locator("#row .reckoning").inner_text().startswith("row 3, column 2: (")


def test_pointing_at_an_operand_shows_where_it_goes(opened):
    window = opened(step="Z1")
    entry(window, "row", "A_prev = X", 4, 0).click()  # as a finger does
    assert marked(window, "column", "at") == [["A_prev = X", 0, 4]]
    assert marked(window, "row", "lit") == [["Z[1]", 4, j] for j in range(4)]
    assert marked(window, "column", "lit") == [["Z[1]", j, 4] for j in range(4)]
    entry(window, "row", "b[1]", 0, 3).click()
    assert marked(window, "column", "lit") == [["Z[1]", 3, i] for i in range(M)]


def test_sums_entries_and_softmax_light_up_what_they_come_from(opened):
    window = opened(step="db1")
    entry(window, "row", "db[1]", 0, 1).hover()
    assert marked(window, "row", "lit") == [["dZ[1]", i, 1] for i in range(M)]
    assert marked(window, "column", "lit") == [["dZ[1]", 1, i] for i in range(M)]
    window.evaluate("go(1)")
    entry(window, "column", "A[1]", 2, 3).hover()
    assert marked(window, "row", "lit") == [["Z[1]", 3, 2]]
    window.evaluate("go(3)")
    entry(window, "column", "A[2]", 0, 3).hover()
    assert marked(window, "column", "lit") == [["Z[2]", 0, 3], ["Z[2]", 1, 3]]
    assert marked(window, "row", "lit") == [["Z[2]", 3, 0], ["Z[2]", 3, 1]]


def test_the_keyboard_is_enough(opened):
    window = opened()
    focused = "[document.activeElement.r, document.activeElement.c]"
    window.keyboard.press("ArrowRight")
    window.keyboard.press("ArrowRight")
    assert window.locator("[aria-current=step]").inner_text() == "Z[2]"
    window.keyboard.press("ArrowLeft")
    assert window.locator("h2").first.inner_text() == "Step 2 of 12, forward, layer 1: A[1]"
    for _ in range(40):
        window.keyboard.press("Tab")
        if window.evaluate("document.activeElement.matches('#column td')"):
            break
    assert window.evaluate(focused) == [0, 0]
    outline = window.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"  # where one is can be seen
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp"):
        window.keyboard.press(key)
    assert window.evaluate(focused) == [0, 2]
    assert window.locator("[aria-current=step]").inner_text() == "A[1]"
    assert marked(window, "row", "at") == [["A[1]", 2, 0]]
    window.keyboard.press("Tab")  # a matrix is one stop
    assert window.evaluate("document.activeElement.place.word.text") == "Z"
    window.get_by_role("button", name="dA[1]").focus()
    window.keyboard.press("Enter")
    assert window.evaluate("document.activeElement.textContent") == "dA[1]"
    window.locator("#mistake").focus()
    window.keyboard.press("ArrowDown")
    assert window.locator("#mistake").input_value() == "missing_mean"
    assert window.locator("[aria-current=step]").inner_text().startswith("dW[2]")


def test_a_screen_reader_is_told_what_is_there(opened):
    window = opened(step="dA1")
    side = window.get_by_role("article", name="row: examples are rows")
    grid = side.get_by_role("grid", name="W[2].T")
    assert grid.get_by_role("columnheader").inner_text() == "n_in 4"
    assert grid.get_by_role("rowheader").inner_text() == "n_out 2"
    for label in ("Network", "Examples, m", "Hidden activation, g", "Make a mistake"):
        assert window.get_by_label(label).count() == 1
    window.get_by_role("button", name="dW[1]").click()
    live = window.locator("[aria-live=polite]")
    assert "A_prev.T, on the left." in live.inner_text()
    assert "A_prev.T, on the right." in live.inner_text()
    entry(window, "row", "dW[1]", 0, 0).focus()
    assert live.inner_text().startswith("row, dW, row 1, column 1: (")
    window.select_option("#mistake", "sign")
    assert window.get_by_role("button", name="dW[1] , wrong values").count() == 1
    assert window.locator("html").get_attribute("lang") == "en"


def test_other_sizes_examples_and_activations(opened):
    window = opened(step="A1")
    window.select_option("#sizes", "3-5-2")
    window.select_option("#examples", "3")
    window.select_option("#hidden", "sigmoid")
    problem = drawn(Network((3, 5, 2), "sigmoid"), 3)
    A = column.forward(*problem[:3]).A[1]
    shown = [[number(cell) for cell in line] for line in grids(window, "column")["A[1]"]]
    np.testing.assert_allclose(shown, A, atol=0.0051)
    assert "sigmoid(" in window.locator("#row .formula").inner_text()
    assert window.locator("[aria-current=step]").inner_text() == "A[1]"


def test_a_mistake_that_does_not_fit_is_stopped_and_said(opened):
    window = opened()
    window.select_option("#mistake", "weights_not_transposed")
    assert window.locator("[aria-current=step]").inner_text().startswith("dA[1]")
    said = window.locator("#column").inner_text()
    assert "NumPy stops here." in said
    assert "matmul" in said
    assert "n_in 4 meets n_out 2" in said
    assert "Right is dA_prev = W.T @ dZ." in said
    table = window.locator("#gradients").inner_text()
    assert "NumPy stops it, so you notice." in table
    assert re.search(r"dW\[2\]\s+✓ \(2, 4\) right\s+✓ \(4, 2\) right", table)
    assert re.search(r"dW\[1\]\s+–\s+not reached\s+–\s+not reached", table)
    window.select_option("#mistake", "")
    assert window.locator("#gradients").inner_text() == ""
    assert "✗" not in window.locator("nav").inner_text()


def test_the_same_mistake_fits_where_the_sizes_are_equal(opened):
    window = opened()
    window.get_by_role("button", name="Show me").click()
    chosen = [window.locator(f"#{name}").input_value() for name in ("sizes", "examples", "mistake")]
    assert chosen == ["3-3-3", "3", "weights_not_transposed"]
    assert "All sizes are equal" in window.locator("#hint").inner_text()
    assert "All shapes fit" in window.locator("#gradients").inner_text()
    problem = drawn(Network((3, 3, 3), "tanh"), 3)
    W2, dZ2 = problem.params[1].W, column.forward(*problem[:3]).A[2] - problem.Y
    for side, wrong in (("column", W2 @ dZ2), ("row", (W2 @ dZ2).T)):
        shown = grids(window, side)["dA_prev = dA[1]"]
        shown = np.array([[number(cell) for cell in line] for line in shown])
        np.testing.assert_allclose(shown, wrong, atol=0.0051)
    bad = entry(window, "column", "dA_prev = dA[1]", 0, 0)
    bad.hover()
    right = (W2.T @ dZ2)[0, 0]
    should = window.locator("#column .reckoning").inner_text().rpartition("It should be ")[2]
    assert number(should.rstrip(".")) == pytest.approx(right, rel=6e-3)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dw_transposed", "NumPy computes all of it and says nothing. A check of shapes notices."),
        ("missing_mean", "All shapes fit: no check of shapes can see this."),
        ("elementwise_product", "NumPy stops it, so you notice."),
    ],
)
def test_who_notices_a_mistake(name, said, opened):
    window = opened()
    window.select_option("#mistake", name)
    assert said in window.locator("#gradients").inner_text()


def test_a_mistake_that_does_not_show_is_not_called_wrong(opened):
    window = opened()
    window.select_option("#hidden", "relu")
    window.select_option("#mistake", "wrong_derivative_argument")
    assert "No gradient is wrong here" in window.locator("#gradients").inner_text()
    option = window.locator("#mistake option[value=rank_1]")
    assert option.is_disabled()
    assert option.inner_text().endswith("(needs a single output)")


@pytest.mark.parametrize("width", WIDTHS)
def test_no_step_is_wider_than_the_window(width, opened):
    window = opened(width)
    for mistake in ("", "softmax_wrong_axis"):
        window.select_option("#mistake", mistake)
        over = window.evaluate(
            """() => data.steps.map((one, index) => { go(index);
            return document.documentElement.scrollWidth - innerWidth; })"""
        )
        assert max(over) <= 0, (mistake, over)


@pytest.mark.parametrize("theme", THEMES)
def test_everything_can_be_read_in_both_themes(theme, opened):
    window = opened(theme=theme)
    ground = window.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 200) == (theme == "dark")
    window.locator("summary").click()
    for mistake, step in (("", "dW2"), ("db_wrong_axis", "db2"), ("missing_mean", "dW1")):
        window.select_option("#mistake", mistake)
        window.evaluate("(name) => go(data.steps.findIndex((one) => one.name === name))", step)
        window.locator("#column table td[tabindex]").first.hover()
        contrasts = window.evaluate(CONTRASTS)
        assert len(contrasts) > 100
        assert [one for one in contrasts if not one[1] >= 4.5] == []


def test_every_mistake_can_be_looked_at(opened):
    """And none of them is a number that is none."""
    window = opened()
    possible = [name for name, one in MISTAKES.items() if not one.lacks(NET)]
    texts = window.evaluate(
        """(names) => names.flatMap((name) => {
          chosen.mistake = name;
          return range(data.steps.length).filter((index) => verdict("row", index) !== "right")
            .map((index) => { go(index); return find("step").textContent; });
        })""",
        possible,
    )
    assert len(texts) > 19 * 4
    assert not any(re.search("undefined|NaN|null|object", text) for text in texts)
