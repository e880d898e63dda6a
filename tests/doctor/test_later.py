"""What shows in the second step, and what is given to another parameter."""

import pytest

from shapecheck_bp.doctor.scripts import diagnose_file

LAYERS = """
import numpy as np
rng = np.random.default_rng(0)

class Layer:
    def __init__(self, n, k):
        self.W, self.dW = rng.normal(size=(n, k)), np.zeros((n, k))
    def back(self, x, d):
        self.dW += x.T @ d
    def step(self):
        self.W -= 0.01 * self.dW
    def clear(self):
        self.dW = np.zeros_like(self.dW)

one, two, X, Y = Layer(3, 4), Layer(4, 2), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
for epoch in range(9):
    h = np.tanh(X @ one.W)
    d = h @ two.W - Y
    two.back(h, d)
    one.back(X, d @ two.W.T * (1 - h ** 2))
    one.step()
    two.step()
    one.clear()
    two.clear()
"""


@pytest.mark.parametrize("kept", [(), ("one",), ("two",), ("one", "two")])
def test_sums_of_one_layer_that_are_not_set_back_are_found(kept, tmp_path):
    path, text = tmp_path / "layers.py", LAYERS
    for name in kept:
        text = text.replace(f"    {name}.clear()\n", "")
    path.write_text(text)
    diagnosis = diagnose_file(str(path))
    if not kept:
        assert diagnosis.ok
        return
    (finding,) = diagnosis.findings
    assert (finding.mistake, finding.sure) == ("keeps_state", "certain"), diagnosis
    assert {*finding.parameters} == {f"{name}.dW" for name in kept}


LISTS = """
import numpy as np
rng = np.random.default_rng(1)
W = [rng.normal(size=(4, 3)), rng.normal(size=(4, 4)), rng.normal(size=(2, 4))]
b = [rng.normal(size=(4, 1)), rng.normal(size=(4, 1)), rng.normal(size=(2, 1))]
x, y = rng.normal(size=(3, 1)), rng.normal(size=(2, 1))
for epoch in range(9):
    a = [x]
    for w, c in zip(W, b):
        a.append(np.tanh(w @ a[-1] + c))
    deltas = [None, None, (a[3] - y) * (1 - a[3] ** 2)]
    for i in (1, 0):
        deltas[i] = W[i + 1].T @ deltas[i + 1] * (1 - a[i + 1] ** 2)
    dW = [deltas[i] @ a[i].T for i in range(3)]
    db = [None] * 3
    db[2] = deltas[2] @ np.ones((1, 1))
    db[1] = deltas[1] @ np.ones((1, 1))
    db[0] = deltas[0] @ np.ones((1, 1))
    for i in range(3):
        W[i] -= 0.1 * dW[i]
        b[i] -= 0.1 * db[i]
"""


def test_the_gradient_of_another_is_named_where_it_is_made_and_not_where_all_are_stepped(tmp_path):
    path = tmp_path / "lists.py"
    path.write_text(LISTS.replace("db[0] = deltas[0]", "db[0] = deltas[1]"))
    diagnosis = diagnose_file(str(path))
    (finding,) = diagnosis.findings
    line = next(n for n, text in enumerate(LISTS.splitlines(), 1) if "db[0] = " in text)
    assert (finding.line, finding.sure) == (line, "certain"), diagnosis
    assert finding.fix in [f"db[0] = deltas[{i}] @ np.ones((1, 1))" for i in "0i"]  # i is 0 then


TENSORS = """
import numpy as np
rng = np.random.default_rng(2)

class Tensor:
    def __init__(self, data):
        self.data, self.grad = data, None

class Linear:
    def __init__(self, n, k):
        self.W, self.b = Tensor(rng.normal(size=(n, k))), Tensor(np.zeros(k))

def back(layer, x, d):
    grad_W = x.T @ d
    grad_b = d.sum(axis=0)
    {store}
    layer.b.grad = grad_b

layer, X, Y = Linear(3, 2), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
for epoch in range(9):
    error = X @ layer.W.data + layer.b.data - Y
    loss = np.sum(error ** 2)
    back(layer, X, 2 * error)
    for each in (layer.W, layer.b):
        if each.grad is not None:
            each.data -= 0.01 * each.grad
"""


def test_an_operation_that_forgets_one_of_its_inputs_is_told(tmp_path):
    path = tmp_path / "tensors.py"
    path.write_text(TENSORS.replace("{store}", "layer.W.grad = grad_W"))
    assert diagnose_file(str(path)).ok
    path.write_text(TENSORS.replace("{store}", "pass"))
    (finding,) = diagnose_file(str(path)).findings
    assert finding.source == "x.T @ d"
    assert "layer.W.data is not stepped" in finding.evidence


def test_of_two_guessed_costs_that_is_meant_by_which_more_numbers_are_right(tmp_path):
    """A bias without its slope is right for the log loss; the weights, with it, for squares."""
    path = tmp_path / "neuron.py"
    text = """
import numpy as np
rng = np.random.default_rng(3)
w, b, X, Y = rng.normal(size=4), np.zeros(1), rng.normal(size=(9, 4)), rng.integers(0, 2, 9)
for x, y in zip(X, Y):
    out = 1 / (1 + np.exp(-(w @ x + b)))
    error = y - out
    w += 0.1 * error * out * (1 - out) * x
    b += 0.1 * error
"""
    path.write_text(text)
    (finding,) = diagnose_file(str(path)).findings
    assert (finding.line, finding.parameters) == (9, ("b",))


def test_a_loop_that_sets_all_layers_back_is_not_ended_after_the_first(tmp_path):
    """With one turn of it alone the sums of the other layers would seem to be kept."""
    path, text = tmp_path / "layers.py", LAYERS
    text = text.replace("    one.clear()\n    two.clear()\n", "")
    text = text.replace(
        "    h = np.tanh", "    for layer in (one, two):\n        layer.clear()\n    h = np.tanh"
    )
    path.write_text(text)
    diagnosis = diagnose_file(str(path))
    assert diagnosis.ok, diagnosis
