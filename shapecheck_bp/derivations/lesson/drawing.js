// What is drawn of it, and what happens when somebody points, chooses or presses a key.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const drawn = {}; // by side: what sideOf says, and each matrix's cells

function table(made, place) {
  const { word, rows, axes } = place;
  const height = rows.length, width = rows[0].length, count = shape(place.values).length;
  const number = written(rows);
  const right = place === made.result && grid(rightArray(made.side, word.array));
  const isSame = right && shapeText(right) === shapeText(rows);
  const isBad = (entry, wanted) => Math.abs(entry - wanted) > 1e-5 * Math.max(1e-3, Math.abs(wanted));
  const size = (n, axis) => (axis && axis !== "1" ? `${axis} ${n}` : `${n}`);
  place.cells = rows.map((row, r) => row.map((entry, c) => {
    const cell = make("td", { tabindex: r + c === 0 ? 0 : -1 }, number(entry));
    if (isSame && isBad(entry, right[r][c])) cell.classList.add("bad");
    return Object.assign(cell, { made, place, r, c });
  }));
  const lines = place.cells.map((cells) => make("tr", {}, ...cells));
  const top = { scope: "colgroup", colspan: width, class: `axis-${axes[1]}` };
  const head = make("tr", {}, make("th", top, size(width, axes[1])));
  if (count === 2) { // one axis has no name at the side, and a number none at all
    const left = { scope: "rowgroup", rowspan: height, class: `axis-${axes[0]}` };
    if (height === 1) left.class += " flat";
    lines[0].prepend(make("th", left, size(height, axes[0])));
    head.prepend(make("td", { class: "corner" }));
  }
  const caption = make("caption", {}, make("span", {}, ...captionOf(word)));
  return make("table", { class: "matrix", role: "grid" },
    caption, ...(count ? [make("thead", {}, head)] : []), make("tbody", {}, ...lines));
}

function inPlace(where, element) {
  element.classList.add(where);
  return element;
}

function figure(made) {
  if (!made.left) {
    const groups = [[]]; // each ends in a matrix, so that a sign stays with what it belongs to
    for (const word of made.stopped ? made.words.slice(2) : made.words) {
      const place = made.places.find((one) => one.word === word);
      groups.at(-1).push(place ? table(made, place) : make("code", {}, activated(word, step()).trim()));
      if (place) groups.push([]);
    }
    const signs = groups.pop();
    groups.at(-1).push(...signs);
    return make("div", { class: "inline" }, ...groups.map((group) => make("div", {}, ...group)));
  }
  const added = made.places.filter((place) => ![made.result, made.left, made.right].includes(place));
  const [over, under] = [made.left.axes[1], made.right.axes[0]];
  const across = made.left.rows[0].length, down = made.right.rows.length;
  const isOne = over === under && across === down;
  const meets = isOne ? ["summed over ", make("b", { class: `axis-${over}` }, over), " ↴"]
    : [make("b", { class: "wrong" }, `${over} ${across} meets ${under} ${down} ↴`)];
  return make("div", { class: "product" },
    make("div", { class: "corner" }, ...meets),
    inPlace("upper", table(made, made.right)),
    inPlace("lower", table(made, made.left)),
    inPlace("result", made.stopped ? make("b", { class: "wrong" }, "does not fit") : table(made, made.result)),
    ...added.map((place) => inPlace(made.side === "column" ? "beside" : "under", table(made, place))));
}

// The formula, with the axes of each array under it.
function formula(made) {
  const pieces = made.words.map((word) => {
    const name = make("code", {}, activated(word.text ?? word, step()).trim());
    const place = made.places.find((one) => one.word === word);
    if (!place || (place === made.result && made.stopped)) return make("span", {}, name);
    const axes = place.axes.filter(Boolean).map((axis) => make("span", { class: `axis-${axis}` }, axis));
    return make("span", {}, name, make("span", { class: "axes" }, ...axes));
  });
  if (!made.isWrong) return make("p", { class: "formula" }, ...pieces);
  return make("p", { class: "formula wrong" }, ...pieces, "← the mistake");
}

function judged(made) {
  const kind = verdict(made.side, chosen.step), came = outcome(made.side);
  if (kind === "right") return [];
  const { word, values } = made.result, wanted = rightArray(made.side, word.array);
  const said = made.isWrong ? [] : ["The formula is right; what it was given is wrong."];
  let error = "";
  if (kind === "stopped") {
    said.push(`${stopper(came)} stops here.`);
    error = came.error;
  } else if (kind === "shape") {
    said.push(`The shape is wrong: ${shapeText(values)}, and ${word.text} should be ${shapeText(wanted)}.`);
    said.push("NumPy says nothing.");
    if (came.stopped === "update") {
      said.push("The check of shapes does, where W and b are updated:");
      error = came.error;
    }
  } else {
    said.push("The shape fits: neither NumPy nor a check of shapes says anything.");
    said.push(`The values are wrong, ${off(values, wanted)}.`);
  }
  return [make("p", { class: "verdict wrong" }, make("b", {}, said.join(" ")), make("code", {}, error))];
}

const stopper = (came) => (came.error.startsWith("ShapeError") ? "The check of shapes" : "NumPy");

function off(values, wanted) {
  const right = [wanted].flat(2), largest = Math.max(...right.map(Math.abs));
  const apart = Math.max(...[values].flat(2).map((value, n) => Math.abs(value - right[n])));
  return largest ? `by up to ${Number((100 * apart / largest).toPrecision(2))} %` : "and should be 0";
}

function drawSide(side) {
  const heading = make("h3", {}, side === "column" ? "column: examples are columns" : "row: examples are rows");
  const children = [heading];
  drawn[side] = null;
  if (verdict(side, chosen.step) === "unreached") {
    const where = label(outcome(side).stopped);
    children.push(make("p", { class: "verdict wrong" }, `Not reached: it stopped at ${where}.`));
  } else {
    const made = sideOf(side);
    drawn[side] = made;
    const right = step()[side].words.map((word) => activated(word.text ?? word, step())).join("");
    const instead = made.isWrong ? ["Right is ", make("code", {}, right), ". "] : [];
    const drawing = make("div", { class: "figure" }, figure(made));
    const lengths = [...drawing.querySelectorAll("td")].map((cell) => cell.textContent.length);
    drawing.style.setProperty("--digits", Math.max(...lengths, 3)); // all cells are as wide as the widest
    children.push(formula(made), ...judged(made), make("p", { class: "why" }, ...instead, step()[side].say),
      drawing, make("p", { class: "reckoning" }));
  }
  find(side).replaceChildren(...children);
}

const SIGNS = { right: "✓", values: "✗", shape: "✗", stopped: "✗", unreached: "–" };
const SAID = {
  right: "right", values: "wrong values", shape: "wrong shape", stopped: "stops here", unreached: "not reached",
};

function drawSteps() {
  const hadFocus = find("steps").contains(document.activeElement);
  find("steps").replaceChildren(...data.steps.map((one, index) => {
    const kind = verdict("column", index);
    const button = make("button", { type: "button" }, label(one.name));
    if (mistake()) {
      button.append(make("span", { "aria-hidden": "true" }, ` ${SIGNS[kind]}`));
      button.append(make("span", { class: "unseen" }, `, ${SAID[kind]}`));
      button.className = kind === "right" ? "right" : "wrong";
    }
    if (index === chosen.step) button.setAttribute("aria-current", "step");
    button.onclick = () => go(index);
    return make("li", {}, button);
  }));
  const current = find("steps").querySelector("[aria-current]");
  find("steps").scrollLeft = current.parentNode.offsetLeft - find("steps").offsetLeft - 60;
  if (hadFocus) current.focus();
  find("back").setAttribute("aria-disabled", chosen.step === 0);
  find("next").setAttribute("aria-disabled", chosen.step === data.steps.length - 1);
}

function drawGradients() {
  if (!mistake()) return find("gradients").replaceChildren();
  const gradients = range(data.steps.length).filter((index) => /^d[Wb]$/.test(data.steps[index].quantity));
  const rows = gradients.map((index) => {
    const { name } = data.steps[index];
    const cells = SIDES.map((side) => {
      const kind = verdict(side, index), values = array(side, name), wanted = rightArray(side, name);
      const sizes = ["stopped", "unreached"].includes(kind) ? "" : shapeText(values);
      let said = `${SIGNS[kind]} ${sizes} ${SAID[kind]}`;
      if (kind === "values") said += `, ${off(values, wanted)}`;
      if (kind === "shape") said += `, should be ${shapeText(wanted)}`;
      return make("td", { class: kind === "right" ? "right" : "wrong" }, said);
    });
    return make("tr", {}, make("th", { scope: "row" }, label(name)), ...cells);
  });
  const head = make("tr", {}, make("td"), ...SIDES.map((side) => make("th", { scope: "col" }, side)));
  const caption = make("caption", {}, make("code", {}, chosen.mistake), `: ${mistake().say}`);
  const table = make("table", {}, caption, make("thead", {}, head), make("tbody", {}, ...rows));
  const sum = noticed(gradients.map((index) => verdict("column", index)));
  find("gradients").replaceChildren(
    make("h2", {}, "Which gradients are wrong"), make("p", {}, sum), make("div", { class: "scroll" }, table));
}

function noticed(kinds) {
  if (kinds.every((kind) => kind === "right")) {
    return "No gradient is wrong here: with these numbers the mistake does not show."
      + " Try another activation or other sizes.";
  }
  const isStopped = kinds.includes("stopped") || kinds.includes("unreached");
  if (isStopped) return `${stopper(outcome("column"))} stops it, so you notice.`;
  const fits = kinds.some((kind) => kind !== "right" && kind !== "shape");
  const sees = fits ? "sees only what has another shape, and not what fits" : "notices";
  if (kinds.includes("shape")) return `NumPy computes all of it and says nothing. A check of shapes ${sees}.`;
  return "All shapes fit: no check of shapes can see this. Only the values are wrong.";
}

function draw() {
  const one = step();
  const where = one.name === "J" ? "the cost" : `${one.backward ? "backward" : "forward"}, layer ${one.layer}`;
  find("heading").textContent = `Step ${chosen.step + 1} of ${data.steps.length}, ${where}: ${label(one.name)}`;
  find("say").textContent = one.say;
  find("hint").textContent = hint();
  SIDES.forEach(drawSide);
  drawSteps();
  drawGradients();
  light();
}

function hint() {
  const sizes = [...chosen.sizes.split("-"), String(chosen.examples)], [outputs] = sizes.splice(-2, 1);
  if (new Set(sizes).size > 1) return "";
  const which = outputs === sizes[0] ? "All sizes" : "But for the outputs all sizes";
  return `${which} are equal here, so a wrong transpose can fit as well as the right one.`;
}

// Pointing: what lights up, and what is said.

function light() {
  for (const made of SIDES.map((side) => drawn[side]).filter(Boolean)) {
    const cells = made.places.flatMap((place) => place.cells ?? []).flat();
    for (const cell of cells) cell.classList.remove("lit", "at", "axis-m", "axis-n_in", "axis-n_out");
    const spelled = find(made.side).querySelector(".reckoning");
    spelled.textContent = chosen.at || made.stopped ? "" : "Point at a number, or tap it.";
    if (!chosen.at || made.stopped) continue;
    for (const [i, j] of all(made.result.rows)) {
      const isHere = isAt(made.side, made.result, i, j);
      if (isHere) {
        made.result.cells[i][j].classList.add("at");
        spelled.textContent = `row ${i + 1}, column ${j + 1}: ${reckoned(made, i, j)}`;
      }
      for (const place of made.places.slice(1)) {
        const { cells, axis } = sources(made, place, i, j);
        for (const [r, c] of cells) {
          if (isHere) place.cells[r][c].classList.add("lit", `axis-${axis}`);
          if (isAt(made.side, place, r, c)) {
            place.cells[r][c].classList.add("at");
            made.result.cells[i][j].classList.add("lit");
            const where = `row ${r + 1}, column ${c + 1} of ${place.word.text}`;
            spelled.textContent = `${where}: it goes into what is lit in ${made.result.word.text}`;
          }
        }
      }
    }
  }
}

function point(cell) {
  const { made, place, r, c } = cell;
  const [a, b] = shared(made.side, place.values, r, c, place.word.turned);
  if (chosen.at?.array === place.word.array && chosen.at.a === a && chosen.at.b === b) return;
  chosen.at = { array: place.word.array, a, b };
  light();
  const wanted = grid(rightArray(made.side, place.word.array) ?? place.values);
  const should = cell.classList.contains("bad") ? ` It should be ${short(wanted[r][c])}.` : "";
  const spelled = find(made.side).querySelector(".reckoning");
  spelled.textContent += should && ` ✗${should}`;
  find("live").textContent = `${made.side}, ${place.word.text}, ${spelled.textContent || cell.textContent}`;
}

function go(index) {
  if (index < 0 || index >= data.steps.length) return;
  chosen.step = index;
  chosen.at = null;
  history.replaceState(null, "", `#${step().name}`);
  draw();
  const sides = SIDES.filter((side) => step()[side].say).map((side) => `${side}: ${step()[side].say}`);
  find("live").textContent = [find("heading").textContent, step().say, ...sides].join(" ");
}

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

document.addEventListener("keydown", (event) => {
  const [down, right] = ARROWS[event.key] ?? [0, 0];
  if ((!down && !right) || event.altKey || event.ctrlKey || event.metaKey) return;
  const cell = event.target;
  if (cell.place) {
    const next = cell.place.cells[cell.r + down]?.[cell.c + right];
    event.preventDefault();
    if (!next) return;
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  } else if (right && !event.target.closest("select, .scroll")) {
    event.preventDefault();
    go(chosen.step + right);
  }
});
for (const kind of ["pointerover", "click", "focusin"]) {
  find("pair").addEventListener(kind, (event) => event.target.place && point(event.target));
}
find("back").onclick = () => go(chosen.step - 1);
find("next").onclick = () => go(chosen.step + 1);

function fill(id, options) {
  find(id).replaceChildren(...options.map(([value, text, lacks]) => {
    const option = make("option", { value }, lacks ? `${text} (needs ${lacks})` : text);
    option.disabled = Boolean(lacks);
    option.selected = value === String(chosen[id]);
    return option;
  }));
  find(id).onchange = (event) => {
    chosen[id] = event.target.value;
    chosen.at = null;
    const first = data.steps.findIndex((one) => id === "mistake" && one.name in (mistake()?.steps ?? {}));
    go(first >= 0 ? first : chosen.step);
  };
}

for (const [id, options] of Object.entries(data.choices)) {
  fill(id, options.map((one) => [String(one), String(one)]));
}
const mistakes = Object.entries(data.mistakes).map(([name, one]) => [name, one.say, one.lacks]);
fill("mistake", [["", "none"], ...mistakes]);
find("equal").onclick = () => {
  Object.assign(chosen, data.equal, { at: null });
  for (const id of ["sizes", "examples", "mistake"]) find(id).value = chosen[id];
  go(data.steps.findLastIndex((one) => one.name in mistake().steps));
  find("step").scrollIntoView();
};
find("equal").hidden = !data.equal;
chosen.step = Math.max(0, data.steps.findIndex((one) => `#${one.name}` === location.hash));
draw();
