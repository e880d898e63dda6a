"""An LSTM that reads a sequence and gives one number at its end; gates i, f, o, g in one matrix."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(p, xs):
    """Everything that the way back needs, one dict per time step."""
    H = p["Wh"].shape[0]
    h = np.zeros((xs.shape[1], H))
    c = np.zeros((xs.shape[1], H))
    tape = []
    for x in xs:
        gates = x @ p["Wx"] + h @ p["Wh"] + p["b"]
        i, f, o = np.split(sigmoid(gates[:, : 3 * H]), 3, axis=1)
        g = np.tanh(gates[:, 3 * H :])
        c_new = f * c + i * g
        tape.append({"x": x, "h": h, "c": c, "i": i, "f": f, "o": o, "g": g, "c_new": c_new})
        c = c_new
        h = o * np.tanh(c)
    return h, tape


def loss_and_grads(p, xs, y):
    h, tape = forward(p, xs)
    guess = h @ p["v"]
    loss = 0.5 * np.mean((guess - y) ** 2)

    grads = {name: np.zeros_like(value) for name, value in p.items()}
    dguess = (guess - y) / len(y)
    grads["v"] = h.T @ dguess
    dh = np.outer(dguess, p["v"])
    dc = np.zeros_like(dh)
    for s in reversed(tape):
        tc = np.tanh(s["c_new"])
        do = dh * tc
        dc = dc + dh * s["o"] * (1 - tc**2)
        di = dc * s["g"]
        df = dc * s["c"]
        dg = dc * s["i"]
        dgates = np.hstack(
            [
                di * s["i"] * (1 - s["i"]),
                df * s["f"] * (1 - s["f"]),
                do * s["o"] * (1 - s["o"]),
                dg * (1 - s["g"] ** 2),
            ]
        )
        grads["Wx"] += s["x"].T @ dgates
        grads["Wh"] += s["h"].T @ dgates
        grads["b"] += dgates.sum(axis=0)
        dh = dgates @ p["Wh"].T
        dc = dc * s["f"]
    return loss, grads


def make():
    rng = np.random.default_rng(23)
    p = {
        "Wx": rng.normal(0, 1.2, (2, 8)),
        "Wh": rng.normal(0, 1.2, (2, 8)),
        "b": rng.normal(0, 0.2, 8),
        "v": rng.normal(size=2),
    }
    return loss_and_grads, (p, rng.normal(size=(3, 4, 2)), rng.normal(size=4))


def parameters(call, args):
    return args[0]


def claimed(call, args):
    return call(*args)[1]


def cost(call, args):
    return call(*args)[0]


BREAKS = [
    {"line": 33, "instead": "    dguess = (guess + y) / len(y)", "what": "sign of the target"},
    {
        "line": 40,
        "instead": '        dc = dh * s["o"] * (1 - tc**2)',
        "what": "the cell's gradient from later forgotten",
    },
    {
        "line": 40,
        "instead": '        dc = dc + dh * s["o"] * (1 - s["c_new"] ** 2)',
        "what": "tanh's slope at its argument",
    },
    {
        "line": 42,
        "instead": '        df = dc * s["c_new"]',
        "what": "the cell after for the cell before",
    },
    {
        "line": 49,
        "instead": '                dg * s["g"] * (1 - s["g"]),',
        "what": "sigmoid's slope for tanh's",
    },
    {
        "line": 53,
        "instead": '        grads["Wh"] = s["h"].T @ dgates',
        "what": "= for +=, not summed over time",
    },
    {
        "line": 55,
        "instead": '        dh = dh + dgates @ p["Wh"].T',
        "what": "the later state's gradient kept",
    },
    {"line": 56, "instead": '        dc = dc * s["i"]', "what": "input gate for forget gate"},
]
