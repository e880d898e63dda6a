"""Factors that gradients have in common, or some of them: norms, twos, counts."""

import pytest

from shapecheck_bp.doctor.scripts import diagnose_file

WORDS = """
import numpy as np

rng = np.random.default_rng(0)
words, marks = rng.integers(0, 6, size=(4, 3)), np.eye(2)[rng.integers(0, 2, size=(4, 3))]
p = {
    "E": rng.normal(size=(6, 3)), "R": 0.5 * rng.normal(size=(3, 3)),
    "b": 0.1 * rng.normal(size=3), "V": rng.normal(size=(3, 2)), "c": 0.1 * rng.normal(size=2),
}

def softmax(S):
    e = np.exp(S - S.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

for epoch in range(5):
    H = [np.zeros((3, 3))]
    for row in words:
        H.append(np.tanh(p["E"][row] + H[-1] @ p["R"] + p["b"]))
    P = softmax(np.array(H[1:]) @ p["V"] + p["c"])
    loss = -np.sum(marks * np.log(P))
    D = P - marks
    g = {name: np.zeros_like(value) for name, value in p.items()}
    back = np.zeros((3, 3))
    for t in reversed(range(4)):
        g["V"] += H[t + 1].T @ D[t]
        g["c"] += D[t].sum(axis=0)
        dH = D[t] @ p["V"].T + back
        dZ = dH * (1 - H[t + 1] ** 2)
        np.add.at(g["E"], words[t], dZ)
        g["R"] += H[t].T @ dZ
        g["b"] += dZ.sum(axis=0)
        back = dZ @ p["R"].T
    {norm}
"""
NORMS = {
    "min": '''norm = np.sqrt(sum(np.sum(one ** 2) for one in g.values()))
    short = min(1.0, 0.2 / (norm + 1e-12))
    for name in p:
        p[name] = p[name] - 0.1 * short * g[name]''',
    "if": '''norm = np.sqrt(sum(np.sum(one ** 2) for one in g.values()))
    if norm > 0.2:
        for name in g:
            g[name] *= 0.2 / norm
    for name in p:
        p[name] -= 0.1 * g[name]''',
    "over": '''norm = np.linalg.norm(np.concatenate([one.ravel() for one in g.values()]))
    for name in p:
        p[name] -= 0.1 * g[name] / norm''',
}  # fmt: skip
MISTAKES = [
    ("dH * (1 - H[t + 1] ** 2)", "-dH * (1 - H[t + 1] ** 2)"),
    ("back = dZ @ p", "back = 2 * dZ @ p"),
    ('D[t] @ p["V"].T + back', 'D[t] @ p["V"].T'),
    ('g["R"] += H', 'g["R"] = H'),
    ("words[t], dZ", "words[t - 1], dZ"),
    ("D[t].sum(axis=0)", "D[t].sum()"),
]


def line_of(text, part):
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.parametrize("norm", NORMS)
def test_gradients_that_are_shortened_by_a_norm_of_all_are_told_apart(norm, tmp_path):
    """Where one is wrong all are shortened by another number, and no line stands out."""
    path, text = tmp_path / "words.py", WORDS.replace("{norm}", NORMS[norm])
    path.write_text(text)
    assert diagnose_file(str(path)).ok
    for was, now in MISTAKES:
        path.write_text(text.replace(was, now))
        diagnosis = diagnose_file(str(path))
        (first, *_) = diagnosis.findings
        assert (first.line, first.sure) == (line_of(text, was), "certain"), diagnosis
        assert "by which all gradients are scaled" in str(diagnosis)


def test_a_number_that_is_an_error_is_no_norm(tmp_path):
    """It scales all gradients, too, and is made before them."""
    path = tmp_path / "one.py"
    text = """
import numpy as np
rng = np.random.default_rng(0)
W, v, x, y = rng.normal(size=(3, 4)), rng.normal(size=3), rng.normal(size=4), 0.3
for epoch in range(9):
    h = np.tanh(W @ x)
    error = v @ h - y
    dv = error * h
    dh = error * v
    W -= 0.1 * np.outer(dh * (1 + h ** 2), x)
    v -= 0.1 * dv
"""
    path.write_text(text)
    diagnosis = diagnose_file(str(path))
    assert "scaled" not in str(diagnosis)
    assert diagnosis.findings[0].line == line_of(text, "W -= "), diagnosis


DEEP = """
import numpy as np
rng = np.random.default_rng(1)
x, y = rng.normal(size=(6, 3)), rng.normal(size=6)
A, B, C, d = rng.normal(size=(3, 4)), rng.normal(size=(4, 4)), rng.normal(size=4), np.zeros(1)
for epoch in range(9):
    h = np.tanh(x @ A)
    k = np.tanh(h @ B)
    error = k @ C + d - y
    loss = np.mean(error ** 2)
    d_out = (2 * error / len(y))[:, None]
    d_k = d_out * C * (1 - k ** 2)
    d_h = d_k @ B.T * (1 - h ** 2)
    A -= 0.1 * x.T @ d_h
    B -= 0.1 * h.T @ d_k
    C -= 0.1 * (k.T @ d_out)[:, 0]
    d -= 0.1 * d_out.sum(axis=0)
"""


@pytest.mark.parametrize("factor", ["2", "0.5", "len(y)"])
def test_of_two_factors_that_is_right_which_the_first_array_has(factor, tmp_path):
    """Most parameters come by another one, which comes up on the way to them."""
    path = tmp_path / "deep.py"
    text = DEEP.replace("B -= 0.1 * h.T @ d_k", "B -= 0.1 * h.T @ d_k; E -= 0.1 * d_k.sum(axis=0)")
    text = text.replace("h @ B)", "h @ B + E)").replace("d = rng", "d, E = rng")
    text = text.replace("np.zeros(1)", "np.zeros(1), np.zeros(4)")
    path.write_text(text)
    assert diagnose_file(str(path)).ok
    path.write_text(text.replace("d_k = d_out", f"d_k = {factor} * d_out"))
    diagnosis = diagnose_file(str(path))
    (finding,) = diagnosis.findings
    assert (finding.line, finding.sure) == (line_of(text, "d_k = "), "certain"), diagnosis
    assert finding.parameters == ("A", "B", "E")
    if factor == "2":
        assert finding.fix == "d_k = d_out * C * (1 - k ** 2)"


MARGINS = """
import numpy as np
rng = np.random.default_rng(2)
x, y = rng.normal(size=(8, 3)), rng.integers(0, 3, size=8)
W, U, C = rng.normal(size=(3, 5)), rng.normal(size=(5, 3)), 0.1

def loss_and_gradients(W, U):
    n = len(y)
    h = np.maximum(x @ W, 0)
    s = h @ U
    over = np.maximum(0, s - s[np.arange(n), y][:, None] + 1)
    over[np.arange(n), y] = 0
    loss = over.sum() / n + C * np.sum(U * U) + C * np.sum(W * W)
    mask = (over > 0).astype(float)
    mask[np.arange(n), y] = -mask.sum(axis=1)
    ds = mask / n
    dU = h.T @ ds + 2 * C * U
    dW = x.T @ (ds @ U.T * (h > 0)) + 2 * C * W
    return loss, dW, dU


"""


@pytest.mark.parametrize(
    ("was", "now"),
    [("mask / n", "0.5 * mask / n"), ("mask / n", "mask / n / n"), ("(over > 0)", "(over < 0)")],
)
def test_one_line_that_all_comes_of_is_likelier_than_two(was, now, tmp_path):
    """Each decay could be made another one, too, so that all were right by another factor."""
    path = tmp_path / "margins.py"
    path.write_text(MARGINS.replace(was, now))
    diagnosis = diagnose_file(str(path), "loss_and_gradients", arguments="W, U")
    (finding,) = diagnosis.findings
    assert (finding.line, finding.sure) == (line_of(MARGINS, was), "certain"), diagnosis
    assert finding.fix == MARGINS.splitlines()[finding.line - 1].strip()


def test_where_two_factors_would_do_that_is_right_by_which_fewer_lines_are_wrong(tmp_path):
    """A mean over time for a sum, of most parameters; the others could be divided, too."""
    path = tmp_path / "times.py"
    text = """
import numpy as np
rng = np.random.default_rng(3)
x, y = rng.normal(size=(4, 6, 2)), rng.normal(size=(6, 1))
W, R, b, V, c = (0.5 * rng.normal(size=s) for s in ((2, 3), (3, 3), (3,), (3, 1), (1,)))

def back(d, h):
    steps = {"W": [], "R": [], "b": []}
    for t in reversed(range(4)):
        d = d * (1 - h[t + 1] ** 2)
        for name, one in (("W", x[t].T @ d), ("R", h[t].T @ d), ("b", d.sum(axis=0))):
            steps[name].append(one)
        d = d @ R.T
    return {name: np.sum(some, axis=0) for name, some in steps.items()}

for epoch in range(20):
    h = [np.zeros((6, 3))]
    for one in x:
        h.append(np.tanh(one @ W + h[-1] @ R + b))
    out = h[-1] @ V + c
    loss = np.mean((out - y) ** 2)
    d_out = 2 * (out - y) / len(y)
    dV = h[-1].T @ d_out
    dc = d_out.sum(axis=0)
    grads = back(d_out @ V.T, h)
    W -= 0.01 * grads["W"]
    R -= 0.01 * grads["R"]
    b -= 0.01 * grads["b"]
    V -= 0.01 * dV
    c -= 0.01 * dc
"""
    path.write_text(text)
    assert diagnose_file(str(path)).ok
    path.write_text(text.replace("np.sum(some", "np.mean(some"))
    diagnosis = diagnose_file(str(path))
    (finding,) = diagnosis.findings
    assert (finding.line, finding.sure) == (line_of(text, "np.sum(some"), "certain"), diagnosis
