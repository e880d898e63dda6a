"""Heads of attention that see no later token, layer normalisation; a dict is returned."""

import numpy as np
from numeric import cross_entropy, one_hot, softmax

PLANT = {"loss_and_grads": ("dscores = probs", "return")}
FORWARD = {"layernorm": ""}
COST_IN_CODE = True
SHAPES = {
    "wte": (6, 4),
    "wpe": (5, 4),
    "ln_g": (4,),
    "c_attn": (4, 12),
    "c_proj": (4, 4),
    "lm_head": (4, 6),
}


def make(code):
    rng = np.random.default_rng(173)
    weights = {name: rng.normal(scale=0.8, size=shape) for name, shape in SHAPES.items()}
    text = rng.integers(0, 6, size=(3, 5))
    return code.loss_and_grads, (weights, text[:, :-1], text[:, 1:])


def parameters(call, args):
    return args[0]


def output(call, args):
    w, outs = args[0], []
    for sentence in args[1]:
        x = w["wte"][sentence] + w["wpe"][:4]
        n = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5) * w["ln_g"]
        q, k, v = (n @ w["c_attn"][:, i : i + 4] for i in (0, 4, 8))
        for t in range(4):
            seen = []
            for part in (slice(0, 2), slice(2, 4)):
                scores = k[: t + 1, part] @ q[t, part] / np.sqrt(2)
                seen.append(softmax(scores, axis=0) @ v[: t + 1, part])
            outs.append((x[t] + np.concatenate(seen) @ w["c_proj"]) @ w["lm_head"])
    return softmax(np.array(outs), axis=1)


def target(call, args):
    return one_hot(args[2].ravel(), 6)


def loss(call, args, out):
    return cross_entropy(out, target(call, args)) / 12


def own(call, args):
    return float(call(*args)[0])


def claimed(call, args):
    return call(*args)[1]
