"use strict";
// It draws what Python has computed. Its own arithmetic is the line that spells out one entry.

const data = JSON.parse(document.getElementById("data").textContent);
const SIDES = ["column", "row"];
const chosen = { ...data.asked, mistake: "", step: 0, at: null };

const find = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// What was computed: a run, and the arrays that a mistake in it makes otherwise.

const run = () => data.runs[`${chosen.sizes} ${chosen.examples} ${chosen.hidden}`];
const mistake = () => data.mistakes[chosen.mistake];
const outcome = (side) => run().mistakes[chosen.mistake]?.[side];
const step = () => data.steps[chosen.step];
const wordsOf = (side, one) => mistake()?.steps[one.name]?.[side] ?? one[side].words;
const rightArray = (side, name) => run()[side][name];
const array = (side, name) => outcome(side)?.arrays[name] ?? rightArray(side, name);

function shape(values) {
  const sizes = [];
  for (let inner = values; Array.isArray(inner); inner = inner[0]) sizes.push(inner.length);
  return sizes;
}

const shapeText = (values) => `(${shape(values).join(", ")}${shape(values).length === 1 ? "," : ""})`;

function grid(values) { // as rows, whatever the number of axes
  if (!Array.isArray(values)) return [[values]];
  return Array.isArray(values[0]) ? values : [values];
}

const turned = (rows) => rows[0].map((_, column) => rows.map((row) => row[column]));

// What is wrong with a step: "right", "values", "shape"; "stopped" there; or "unreached".
function verdict(side, index) {
  const came = outcome(side), { name } = data.steps[index];
  const stop = data.steps.findIndex((one) => one.name === came?.stopped);
  if (stop >= 0 && index >= stop) return index === stop ? "stopped" : "unreached";
  if (!came || !(name in came.arrays)) return "right";
  return shapeText(came.arrays[name]) === shapeText(rightArray(side, name)) ? "values" : "shape";
}

// How a number is written, and an array's name.

const signed = (text) => text.replace("-", "−");
const short = (value) => signed(String(Number(value.toPrecision(3))));
const inBrackets = (value) => (value < 0 ? `(${short(value)})` : short(value));

function written(rows) { // all entries of a matrix with as few digits as say all, or with two
  const values = rows.flat();
  const digits = [0, 1].find((n) => values.every((v) => Math.abs(v - v.toFixed(n)) < 1e-9)) ?? 2;
  return (v) => signed(v !== 0 && Math.abs(v) < 0.005 ? v.toExponential(0) : v.toFixed(digits));
}

function label(name) {
  return name === "A0" ? "X" : name.replace(/\d+$/, "[$&]");
}

function captionOf(word) { // W[2].T, or A_prev.T = X.T
  const own = label(word.array), t = word.turned ? ".T" : "";
  if (own.split("[")[0] === word.text.replace(".T", "")) return [make("b", {}, own + t)];
  return [make("b", {}, word.text), make("small", {}, ` = ${own}${t}`)];
}

function activated(text, one) {
  const g = one.quantity !== "dA_prev" && one.layer === data.net.L ? data.net.output : chosen.hidden;
  return text.replace(/\bg(?='?\()/, g);
}

// One side of the step: its matrices as they lie in the formula, and where each entry comes from.

function sideOf(side) {
  const words = wordsOf(side, step());
  const places = words.filter((word) => word.array).map((word) => {
    const values = array(side, word.array);
    const rows = grid(values);
    return { word, values, rows: word.turned ? turned(rows) : rows, axes: word.axes };
  });
  const at = words.findIndex((word, n) => word === " @ " && words[n - 1].array && words[n + 1].array);
  const result = places[0];
  const isWrong = words !== step()[side].words, { mixes } = step()[side];
  const made = { side, words, places, result, isWrong, mixes, stopped: verdict(side, chosen.step) === "stopped" };
  if (at >= 0) {
    const order = words.slice(0, at).filter((word) => word.array).length;
    made.left = places[order - 1];
    made.right = places[order];
    result.axes = [made.left.axes[0], made.right.axes[1]];
  } else if (shapeText(result.values) !== shapeText(rightArray(side, step().name))) {
    result.axes = ["", ""];
  }
  return made;
}

const range = (n) => [...Array(n).keys()];
const all = (rows) => rows.flatMap((row, r) => row.map((_, c) => [r, c]));

// The entries of an operand that entry (i, j) of the result comes from, and the axis they are along.
function sources(made, place, i, j) {
  const rows = place.rows.length, columns = place.rows[0].length;
  if (place === made.left) return { cells: range(columns).map((c) => [i, c]), axis: place.axes[1] };
  if (place === made.right) return { cells: range(rows).map((r) => [r, j]), axis: place.axes[0] };
  if (!isFollowed(made, place)) return { cells: [], axis: "" };
  const along = (size, wanted, k, axis) => {
    if (made.mixes && axis === "n_out") return range(size);
    if (size === 1) return [0];
    return wanted === size ? [k] : wanted === 1 ? range(size) : [];
  };
  const some = along(rows, made.result.rows.length, i, place.axes[0]);
  const others = along(columns, made.result.rows[0].length, j, place.axes[1]);
  const axes = [some.length > 1 && place.axes[0], others.length > 1 && place.axes[1]].filter(Boolean);
  return { cells: some.flatMap((r) => others.map((c) => [r, c])), axis: axes.length === 1 ? axes[0] : "" };
}

// Whether it can be said where an entry comes from: not through a reshape, nor into an array of one axis.
function isFollowed(made, place) {
  const behind = made.words[made.words.indexOf(place.word) + 1];
  const isReshaped = typeof behind === "string" && behind.startsWith(".");
  return !isReshaped && shape(made.result.values).length !== 1 && !(made.mixes && made.isWrong);
}

// An entry of an array by its place in column's array, which is the same entry on both sides.
function shared(side, values, r, c, isTurned) {
  const [a, b] = isTurned ? [c, r] : [r, c];
  return side === "row" && shape(values).length === 2 ? [b, a] : [a, b];
}

function isAt(side, place, r, c) {
  if (!chosen.at || chosen.at.array !== place.word.array) return false;
  const [a, b] = shared(side, place.values, r, c, place.word.turned);
  return a === chosen.at.a && b === chosen.at.b;
}

// How an entry of the result comes about, in numbers.
function reckoned(made, i, j) {
  const operands = made.places.slice(1), result = short(made.result.rows[i][j]);
  const values = (place) => sources(made, place, i, j).cells.map(([r, c]) => inBrackets(place.rows[r][c]));
  const isSum = operands.length === 1 && !made.mixes;
  if (!made.left && !operands.every((place) => values(place).length === 1 || (isSum && values(place).length))) return result;
  const sizes = { m: chosen.examples, n_L: chosen.sizes.split("-").at(-1) };
  let text = "";
  for (let n = 2; n < made.words.length; n++) {
    const word = made.words[n];
    if (word === made.left?.word) {
      const right = values(made.right);
      const terms = values(made.left).map((value, k) => `${value}·${right[k]}`).join(" + ");
      text += made.words.length > n + 3 ? `(${terms})` : terms;
      n += 2;
    } else if (word.array) text += values(operands.find((place) => place.word === word)).join(" + ");
    else text += activated(word, step()).replace(/\b(m|n_L)\b/, (name) => sizes[name]);
  }
  return `${text} = ${result}`;
}

// The drawing.

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
  const head = make("tr", {}, make("th", { scope: "colgroup", colspan: width, class: `axis-${axes[1]}` }, size(width, axes[1])));
  if (count === 2) { // one axis has no name at the side, and a number none at all
    const flat = height === 1 ? " flat" : "";
    lines[0].prepend(make("th", { scope: "rowgroup", rowspan: height, class: `axis-${axes[0]}${flat}` }, size(height, axes[0])));
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
  const meets = over === under && across === down ? ["summed over ", make("b", { class: `axis-${over}` }, over), " ↴"]
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
  return make("p", { class: made.isWrong ? "formula wrong" : "formula" }, ...pieces, made.isWrong ? "← the mistake" : "");
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
    said.push(`The shape is wrong: ${shapeText(values)}, and ${word.text} should be ${shapeText(wanted)}.`, "NumPy says nothing.");
    if (came.stopped === "update") {
      said.push("The check of shapes does, where W and b are updated:");
      error = came.error;
    }
  } else {
    said.push("The shape fits: neither NumPy nor a check of shapes says anything.", `The values are wrong, ${off(values, wanted)}.`);
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
    children.push(make("p", { class: "verdict wrong" }, `Not reached: it stopped at ${label(outcome(side).stopped)}.`));
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
      const more = { values: () => `, ${off(values, wanted)}`, shape: () => `, should be ${shapeText(wanted)}` }[kind]?.() ?? "";
      return make("td", { class: kind === "right" ? "right" : "wrong" }, `${SIGNS[kind]} ${sizes} ${SAID[kind]}${more}`);
    });
    return make("tr", {}, make("th", { scope: "row" }, label(name)), ...cells);
  });
  const head = make("tr", {}, make("td"), ...SIDES.map((side) => make("th", { scope: "col" }, side)));
  const caption = make("caption", {}, `With the mistake “${mistake().say}”:`);
  const table = make("table", {}, caption, make("thead", {}, head), make("tbody", {}, ...rows));
  const sum = noticed(gradients.map((index) => verdict("column", index)));
  find("gradients").replaceChildren(
    make("h2", {}, "Which gradients are wrong"), make("p", {}, sum), make("div", { class: "scroll" }, table));
}

function noticed(kinds) {
  if (kinds.every((kind) => kind === "right")) {
    return "No gradient is wrong here: with these numbers the mistake does not show. Try another activation or other sizes.";
  }
  if (kinds.includes("stopped") || kinds.includes("unreached")) return `${stopper(outcome("column"))} stops it, so you notice.`;
  if (kinds.includes("shape")) return "NumPy computes all of it and says nothing. A check of shapes notices.";
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
  return `${which} are equal here, so a wrong transpose fits as well as the right one: shapes say nothing.`;
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
            spelled.textContent = `row ${r + 1}, column ${c + 1} of ${place.word.text}: it goes into what is lit in ${made.result.word.text}`;
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
  find("live").textContent = `${made.side}, ${place.word.text}, ${spelled.textContent}`;
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

for (const id of ["sizes", "examples", "hidden"]) fill(id, data.choices[id].map((one) => [String(one), String(one)]));
fill("mistake", [["", "none"], ...Object.entries(data.mistakes).map(([name, one]) => [name, one.say, one.lacks])]);
find("equal").onclick = () => {
  Object.assign(chosen, data.equal, { at: null });
  for (const id of ["sizes", "examples", "mistake"]) find(id).value = chosen[id];
  go(data.steps.findLastIndex((one) => one.name in mistake().steps));
  find("step").scrollIntoView();
};
find("equal").hidden = !data.equal;
chosen.step = Math.max(0, data.steps.findIndex((one) => `#${one.name}` === location.hash));
draw();
