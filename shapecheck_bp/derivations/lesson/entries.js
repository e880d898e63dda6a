"use strict";
// What Python has computed, what is wrong with it, and where each entry comes from. The only arithmetic
// here is the line that spells one entry out.

const data = JSON.parse(document.getElementById("data").textContent);
const SIDES = ["column", "row"];
const chosen = { ...data.asked, mistake: "", step: 0, at: null };

const find = (id) => document.getElementById(id);

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
  const stopped = verdict(side, chosen.step) === "stopped";
  const isWrong = words !== step()[side].words, { mixes } = step()[side];
  const made = { side, words, places, result, stopped, isWrong, mixes };
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
  const isTold = (place) => values(place).length === 1 || (isSum && values(place).length > 1);
  if (!made.left && !operands.every(isTold)) return result;
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

