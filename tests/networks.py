"""Networks that nobody wrote, right ones and wrong ones, by the thousand, to the doctor.

    python tests/networks.py --networks 2000 --seed 0

Depth, sizes, activations, loss, convention, style and mistake are drawn by chance. Half of them are
diagnosed as code that runs on data, half as a function for a Network. What is true of one, central
differences of the code's own cost say. A right one that is accused, a wrong one that is told right,
and what is called certain though with that the code is not right, are printed with their seed,
which gives them again.
"""

import argparse
import copy
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from warnings import catch_warnings

import numpy as np
from bits import bits

sys.path.insert(0, str(Path(__file__).parent / "doctor" / "planted"))

import asking
import homework
import judging
import planting
from numeric import Arrays, numbered

from shapecheck_bp import Layer, Network

# Beside those of homework.py, which a Network has: g, and its slope.
OTHER_G = {
    "softplus": ("np.log1p(np.exp(Z))", "1 / (1 + np.exp(-Z))"),
    "elu": ("np.where(Z > 0, Z, np.expm1(Z))", "np.where(Z > 0, 1.0, np.exp(Z))"),
    "sine": ("np.sin(Z)", "np.cos(Z)"),
    "LeCun's": ("1.7159 * np.tanh(2 / 3 * Z)", "1.7159 * 2 / 3 * (1 - np.tanh(2 / 3 * Z) ** 2)"),
}
# Where the code computes its cost: that, and its slope by the output.
OTHER_LOSSES = {
    "half the squares": ("np.sum((A - Y) ** 2) / (2 * m)", "(A - Y)"),
    "log cosh": ("np.sum(np.log(np.cosh(A - Y))) / m", "np.tanh(A - Y)"),
    "fourth powers": ("np.sum((A - Y) ** 4) / m", "4 * (A - Y) ** 3"),
    "exponential": ("np.sum(np.exp(-Y * A)) / m", "-Y * np.exp(-Y * A)"),
}
BY_OUTPUT = {
    "log_loss": "(-Y / A + (1 - Y) / (1 - A)) * A * (1 - A)",
    "cross_entropy": "A * (-Y / A + np.sum(Y, axis={axis}, keepdims=True))",
}
SQUARES_OF = {
    "layers": "np.sum(W**2) for W, b in params",
    "dicts": 'np.sum(parameters["W" + str(k)] ** 2) for k in range(1, L + 1)',
    "lists": "np.sum(w**2) for w in weights",
}
# How the gradients are used: each is run by step(...), with arguments as the style takes them.
STEPS = {
    "layers": {
        "in place": """
def step(params, X, Y, rate={rate}):
    for (W, b), (dW, db) in zip(params, gradients(params, X, Y)):
        W -= rate * dW
        b -= rate * db
""",
        "anew": """
def step(params, X, Y, rate={rate}):
    grads = gradients(params, X, Y)
    return [Layer(one.W - rate * dW, one.b - rate * db) for one, (dW, db) in zip(params, grads)]
""",
    },
    "dicts": {
        "keys": """
def step(parameters, X, Y, rate={rate}):
    grads, cost = L_model_gradients(parameters, X, Y)
    for l in range(1, len(parameters) // 2 + 1):
        parameters["W" + str(l)] = parameters["W" + str(l)] - rate * grads["dW" + str(l)]
        parameters["b" + str(l)] = parameters["b" + str(l)] - rate * grads["db" + str(l)]
    return cost
""",
        "training": """
def step(parameters, X, Y, rate={rate}, epochs=3):
    costs = []
    for epoch in range(epochs):
        grads, cost = L_model_gradients(parameters, X, Y)
        for key in parameters:
            parameters[key] -= rate * grads["d" + key]
        costs.append(cost)
    return parameters, costs
""",
    },
    "lists": {
        "object": """
class Net:
    def __init__(self, weights, biases):
        self.weights, self.biases, self.losses = weights, biases, []
    def train(self, X, Y, rate):
        J, (dWs, dbs) = backprop(self.weights, self.biases, X, Y)
        self.losses.append(J)
        self.weights = [W - rate * dW for W, dW in zip(self.weights, dWs)]
        self.biases = [b - rate * db for b, db in zip(self.biases, dbs)]
        return J
def step(weights, biases, X, Y, rate={rate}):
    net = Net(weights, biases)
    net.train(X, Y, rate)
    return net.weights, net.biases
""",
        "momentum": """
def step(weights, biases, vW, vb, X, Y, rate={rate}, beta=0.9):
    J, (dWs, dbs) = backprop(weights, biases, X, Y)
    for i in range(len(weights)):
        vW[i] = beta * vW[i] - rate * dWs[i]
        vb[i] = beta * vb[i] - rate * dbs[i]
        weights[i] += vW[i]
        biases[i] += vb[i]
    return J
""",
    },
}
FUNCTIONS = {"layers": "gradients", "dicts": "L_model_gradients", "lists": "backprop"}
# The lines of the code that a finding about a quantity of a Network is of.
LINES_OF = {
    "dW": ("dW =",),
    "db": ("db =",),
    "dZ": ("dZ =", "def g_prime", "g_prime =", "dA =", "return W.T @ dZ", "return dZ @ W.T"),
    "dA_prev": ("dA =", "return W.T @ dZ", "return dZ @ W.T"),
    "Z": ("Z =",),
    "A": ("A =", "As.append", "def g(", "g ="),
    "cost": ("cost =", "below, J ="),
}


class Drawn:
    """A network, a style and data, by a seed."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed, self.folder = seed, folder
        chance = self.chance = random.Random(seed)
        self.for_network = chance.random() < 0.5
        self.style, self.convention = chance.choice([*FUNCTIONS]), chance.choice(["column", "row"])
        depth, self.m = chance.choice([1, 2, 2, 3, 3, 4]), chance.randint(1, 9)
        sizes = [chance.randint(1, 6) for _ in range(depth + 1)]
        if self.for_network:  # so that no transpose hides from the differences either
            *sizes, self.m = chance.sample(range(2, 10), depth + 2)
        output = chance.choice([*homework.G, "softmax", "softmax"])
        sizes[-1] = max(sizes[-1], 2) if output == "softmax" else sizes[-1]
        loss = chance.choice([None, "squared_error"])
        self.net = Network(tuple(sizes), chance.choice([*homework.G]), output, loss)
        self.words = ""
        self.right = self.code()
        self.use, self.rate, self.draw = "returned", 1.0, 0
        if not self.for_network:
            uses = STEPS[self.style]
            self.use = chance.choice(["returned", *uses])
            rate = chance.choice([0.01, 0.1, 0.5, 1.0])
            self.rate = 1.0 if self.use == "returned" else rate
            self.right += uses.get(self.use, "").format(rate=rate)

    def code(self) -> str:
        """The right code."""
        chance, net, lines = self.chance, self.net, {}
        made = homework.RIGHT[self.convention]
        lines["cost"] = homework.COST[net.loss]
        slope = homework.G[net.output][1] if net.output != "softmax" else ""
        if self.style != "layers" and net.loss == "squared_error" and chance.random() < 0.5:
            self.words, (cost, dA) = chance.choice([*OTHER_LOSSES.items()])
            lines["cost"], lines["dZ_last"] = cost, f"{dA} * ({slope})"
            if not slope:
                lines["dZ_last"] = f"(lambda dA: {made['softmax_dZ']})({dA})"
        elif net.paired and net.loss in BY_OUTPUT and chance.random() < 0.3:
            axis = 0 if self.convention == "column" else 1
            lines["dZ_last"] = BY_OUTPUT[net.loss].format(axis=axis)
        if chance.random() < 0.25:
            name = chance.choice([*OTHER_G])
            self.words += f" {name}"
            lines["g"], lines["g_prime"] = OTHER_G[name]
        lines |= {name: made[name] for name in ("dW", "db")}
        if chance.random() < 0.25:
            self.words += " summed"
            for name in ("cost", "dW", "db"):
                mean = " / (2 * m)" in lines[name]
                lines[name] = lines[name].replace(" / (2 * m)" if mean else " / m", " / 2" * mean)
        elif chance.random() < 0.2:
            self.words += " decay"
            lines["cost"] += f" + 0.05 * sum({SQUARES_OF[self.style]})"
            lines["dW"] += " + 0.1 * W"
        self.cost = lines["cost"]
        head = "import numpy as np\nfrom shapecheck_bp import Layer\n"
        return head + homework.source(net, self.convention, self.style, **lines)

    # Running it.

    def data(self) -> tuple[Any, Any, Any]:
        """Pairs of W and b, X and Y; the same ones each time."""
        made, net = np.random.default_rng([self.seed, self.draw]), self.net
        pairs = [
            (made.normal(size=(n_out, n_in)) / np.sqrt(n_in), made.normal(size=(n_out, 1)) / 2)
            for n_in, n_out in zip(net.sizes, net.sizes[1:], strict=False)
        ]
        X, shape = made.normal(size=(net.sizes[0], self.m)), (net.sizes[-1], self.m)
        Y = made.normal(size=shape)
        if net.loss == "log_loss":
            Y = (Y > 0).astype(float)
        elif net.loss == "cross_entropy":
            Y = np.eye(shape[0])[:, Y.argmax(axis=0)]
        if self.convention == "column":
            return pairs, X, Y
        return [(W.T.copy(), b.T.copy()) for W, b in pairs], X.T.copy(), Y.T.copy()

    def arrays(self) -> list[Any]:
        """The arguments, as the style takes them."""
        pairs, X, Y = self.data()
        if self.style == "layers":
            return [tuple(Layer(*pair) for pair in pairs), X, Y]
        if self.style == "dicts":
            numbers = enumerate(pairs, 1)
            return [
                {f"{k}{i}": one for i, (W, b) in numbers for k, one in (("W", W), ("b", b))},
                X,
                Y,
            ]
        Ws, bs = ([*some] for some in zip(*pairs, strict=True))
        return [Ws, bs, X, Y]

    def step(self, code: ModuleType) -> tuple[Any, tuple[Any, ...]]:
        """What is run, and with what."""
        args = self.arrays()
        if self.use == "momentum":
            args[2:2] = [[0 * one for one in some] for some in args[:2]]
        name = FUNCTIONS[self.style] if self.use == "returned" else "step"
        return getattr(code, name), tuple(args)

    def parameters(self, args: Any) -> Arrays:
        """The parameters by name."""
        if self.style == "dicts":
            return dict(args[0])
        Ws, bs = zip(*args[0], strict=True) if self.style == "layers" else args[:2]
        return numbered(W=Ws, b=bs)

    def claimed(self, code: ModuleType) -> Arrays:
        """The gradients that come of one step, up to a factor."""
        call, args = self.step(code)
        before = {name: np.array(one) for name, one in self.parameters(args).items()}
        found = call(*args, **{"epochs": 1} if self.use == "training" else {})
        if self.use == "returned":
            if self.style == "dicts":
                return {name: np.asarray(found[0]["d" + name]) for name in before}
            found = self.parameters([found] if self.style == "layers" else found[1])
            return {name: np.asarray(one) for name, one in found.items()}
        after = {"anew": [found], "object": found}.get(self.use, args)
        return {name: one - self.parameters(after)[name] for name, one in before.items()}

    def gradient(self, source: str) -> Arrays:
        """Of the code's own cost, by its own forward pass."""
        names: dict[str, Any] = {}
        if self.style == "layers":  # which computes none
            lines = source.splitlines()
            at = self.right.splitlines().index("    A, Z = As[-1], Zs[-1]")
            source = "\n".join([*lines[: at + 1], f"    return {self.cost}", *lines[at + 1 :]])
        exec(compile(source, "<its cost>", "exec"), names)
        call, args = names[FUNCTIONS[self.style]], self.arrays()
        place = 1 if self.style == "dicts" else 0

        def cost() -> float:
            found = call(*copy.deepcopy(args))
            return float(found if self.style == "layers" else found[place])

        return judging.central(cost, self.parameters(args))

    def truth(self, source: str, name: str = "code") -> tuple[str, ModuleType | None]:
        """What is true of a code: "right", "wrong", "does not run", or neither."""
        path = self.folder / f"{name}_of_{self.seed}.py"
        path.write_text(source)
        code, kinds = None, set()
        try:
            with catch_warnings(action="ignore"):
                code = judging.load(path, path.stem)
                for self.draw in (1, 0):  # what is wrong elsewhere is not right
                    claimed, gradient = self.claimed(code), self.gradient(source)
                    verdict = judging.compare(claimed, gradient)
                    if all(
                        np.all(np.abs(one) < 1e-8)
                        for one in (*claimed.values(), *gradient.values())
                    ):
                        verdict = judging.Verdict("nothing moves")
                    if verdict.kind == "wrong" and self.use == "returned":  # may be added
                        turned = {name: -one for name, one in claimed.items()}
                        turned = judging.compare(turned, gradient)
                        verdict = (
                            verdict if turned.kind != "right" else judging.Verdict("right", -1)
                        )
                    is_once = np.isclose(verdict.factor, self.rate, rtol=1e-4)
                    is_free = self.style == "layers" and self.use != "returned"
                    is_right = verdict.kind != "right" or is_once or is_free
                    kinds |= {verdict.kind if is_right else "a multiple"}
        except Exception:
            return "does not run", None
        return kinds.pop() if len(kinds) == 1 else "unclear", code

    def planted(self) -> tuple[str, str, ModuleType, str]:
        """A code with a mistake in it that runs, or as it is: source, truth, module, and what."""
        kind, code = self.truth(self.right)
        assert code is not None, self.right
        assert kind != "wrong", self.right  # it is unclear where no unit is alive
        if self.chance.random() < 0.4:
            return self.right, kind, code, "as it is"
        path = Path(code.__file__)
        of_right = SimpleNamespace(path=path, code=code, truth=SimpleNamespace(make=self.step))
        calls = (
            f"{FUNCTIONS[self.style]}(",
            "(epochs)",
        )  # with other arguments it is right for those
        lines = [
            n
            for n, line in enumerate(self.right.splitlines(), 1)
            if n > 2 and not any(one in line for one in calls)
        ]
        with catch_warnings(action="ignore"):
            edits = [*planting.Soil(self.right, {*lines}, planting.scopes(of_right)).edits()]
        shuffled = planting.in_turns([(edit, False) for edit in edits], self.chance)
        for number, (edit, _) in enumerate(shuffled):
            source = edit.apply(self.right)
            kind, wrong = self.truth(source, f"wrong_{number}")
            if self.for_network and edit.operator == "m of another axis" and kind == "right":
                kind = "a multiple"  # of what the Network means
            if wrong is not None:
                return source, kind, wrong, edit.operator
        raise AssertionError(self.right)

    # What the doctor says of it.

    def asked(self, code: ModuleType) -> asking.Answer:
        """Of the code by itself, or as that of the Network."""
        if self.for_network:
            function = getattr(code, FUNCTIONS[self.style])
            return asking.ask(lambda: (function, (self.net, self.convention)))
        return asking.ask(lambda: self.step(code))

    def complaints(
        self, source: str, kind: str, code: ModuleType, said: asking.Answer
    ) -> Iterator[str]:
        """What is not so of what was said."""
        if said.said in ("crash", "too long"):
            yield said.said
        if kind == "right" and said.said == "wrong":
            yield "accused, and right"
        if kind == "wrong" and said.said == "right":
            yield "told right, and wrong"
        lines = [one for one in said.certain() if one.mistake != "modifies_arguments"]
        lines = lines if kind in ("right", "wrong") else []  # of multiples the loss decides
        if lines and (kind == "right" or not self.bear_out(said.findings, source)):
            yield f"certain, and not so: {'; '.join(one.title for one in lines)}"
        names = {one.mistake for one in said.certain()}
        if "modifies_arguments" in names and not self.changes_arguments(code):
            yield "certain that it changes its arguments, and it does not"

    def changes_arguments(self, code: ModuleType) -> bool:
        """Whether a call does."""
        call, args = self.step(code)
        before = bits(args)
        call(*args)
        return bits(args) != before

    def bear_out(self, findings: list[Any], source: str) -> bool:
        """Whether the code is right with what findings say in their lines, or in those of theirs.

        One that says nothing to write is taken at its word.
        """
        lines, right = source.splitlines(), self.right.splitlines()
        moved = []
        for one in findings:
            if one.fix is None and one.sure == "certain":
                return True
            if one.fix_line is None:
                begins = LINES_OF.get(one.quantity, ())
                lines = [
                    b if b.lstrip().startswith(begins) else a
                    for a, b in zip(lines, right, strict=True)
                ]
                continue
            i = one.fix_line - 1
            fix, _, behind = one.fix.partition("    # moved behind line ")
            indent = lines[i][: len(lines[i]) - len(lines[i].lstrip())]
            if lines[i].startswith("def ") and not fix.startswith("def "):
                indent = lines[i][: lines[i].index(": ") + 2]
            lines[i] = indent + ("pass" if behind else fix)
            moved += [(int(behind), indent + fix)] if behind else []
        for behind, line in sorted(moved, reverse=True):
            lines.insert(behind, line)
        return self.truth("\n".join(lines) + "\n", "mended")[0] in (
            "right",
            "a multiple",
            "nothing moves",
        )

    def told(self, source: str, operator: str) -> Iterator[str]:
        """The code in words, and its changed lines."""
        yield f"{self.net}, {self.convention}, {self.style}, {self.use},{self.words}; m = {self.m}"
        pairs = zip(self.right.splitlines(), source.splitlines(), strict=True)
        for n, (right, wrong) in enumerate(pairs, 1):
            if right != wrong:
                yield f"{operator}, line {n}: {right.strip()}\n  => {wrong.strip()}"


def hold(networks: int, seed: int, show: Any = print) -> tuple[Counter[str], int]:
    """So many networks, one for each seed from this one on: what was said of which, and misses."""
    counts: Counter[str] = Counter()
    missed, slowest = 0, 0.0
    asking.LIMIT = 300  # seconds by the clock, on a machine that may have others to serve
    with tempfile.TemporaryDirectory() as folder:
        for number in range(seed, seed + networks):
            drawn = Drawn(number, Path(folder))
            source, kind, code, operator = drawn.planted()
            start = time.process_time()
            said = drawn.asked(code)
            slowest = max(slowest, time.process_time() - start)
            of = "for a Network" if drawn.for_network else "by itself"
            what = kind if kind in ("right", "wrong") else "neither"
            counts[f"{what}, {of}: told {said.said}"] += 1
            counts["findings called certain"] += len(said.certain())
            for complaint in drawn.complaints(source, kind, code, said):
                missed += 1
                show(f"\n== seed {number}, {kind}: {complaint}")
                show("\n".join([*drawn.told(source, operator), said.text]))
            for name in [name for name in sys.modules if name.endswith(f"_of_{number}")]:
                del sys.modules[name]
    show(f"the slowest took {slowest:.1f} s")
    return counts, missed


def main() -> int:
    """Draw, ask, print; 1 if anything was said that is not so."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--networks", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    counts, missed = hold(given.networks, given.seed)
    for what, count in sorted(counts.items()):
        print(f"{count:>6}  {what}")
    print(f"{missed} things were said that are not so")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
