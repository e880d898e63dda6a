import numpy as np

# mixture of experts: a softmax gate decides how much each linear expert has to say.
# all parameters live in ONE numpy record, so they are easy to np.save and np.copy

def new_model(d, experts, outputs, seed=0):
    kind = np.dtype([
        ("gate_w", float, (d, experts)),
        ("gate_b", float, (experts,)),
        ("exp_w", float, (experts, d, outputs)),
        ("exp_b", float, (experts, outputs)),
    ])
    th = np.zeros((), dtype=kind)
    rnd = np.random.default_rng(seed)
    for f in kind.names:
        th[f] = rnd.normal(0, 0.6, th[f].shape)
    return th


def softmax(s):
    s = np.exp(s - s.max(-1, keepdims=True))
    return s / s.sum(-1, keepdims=True)


def predict(th, x):
    gate = softmax(x @ th["gate_w"] + th["gate_b"])                     # n, e
    says = np.einsum("nd,edo->neo", x, th["exp_w"]) + th["exp_b"]       # n, e, o
    return np.einsum("ne,neo->no", gate, says), gate, says


def gradient(th, x, y):
    out, gate, says = predict(th, x)
    g = np.zeros_like(th)
    e = out - y
    # experts
    d_says = gate[:, :, None] * e[:, None, :]
    g["exp_w"] = np.einsum("nd,neo->edo", x, d_says)
    g["exp_b"] = d_says.sum(axis=0)
    # gate: better than the mixture gets more
    d_gate = np.einsum("neo,no->ne", says, e)
    mean = np.sum(gate * d_gate, axis=1, keepdims=True)
    d_score = gate * (d_gate - mean)
    g["gate_w"] = x.T @ d_score
    g["gate_b"] = d_score.sum(axis=0)
    return g


def update(th, x, y, rate=0.01):
    g = gradient(th, x, y)
    for f in th.dtype.names:
        th[f] = th[f] - rate * g[f]
    return th
