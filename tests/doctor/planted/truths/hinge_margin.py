"""Relu and the hinge loss of several classes, biases in the matrices, decay of all of it."""

import numpy as np

PLANT = {"svm_net": "mask ="}
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(73)
    W, U = rng.normal(size=(5, 5)), rng.normal(size=(3, 6))
    return code.svm_net, (W, U, rng.normal(size=(4, 7)), rng.integers(0, 3, 7))


def parameters(call, args):
    return {"W": args[0], "U": args[1]}


def output(call, args):
    W, U, X, _ = args
    z = W[:, :-1] @ X + W[:, -1:]
    return U[:, :-1] @ np.where(z > 0, z, 0) + U[:, -1:]


def target(call, args):
    return args[3]


def loss(call, args, out):
    decay = sum(float((a**2).sum()) for a in args[:2])
    hinge = 0.0
    for n, right in enumerate(args[3]):
        for k in range(3):
            hinge += max(0.0, out[k, n] - out[right, n] + 1) if k != right else 0
    return hinge / 7 + 0.1 * decay


def claimed(call, args):
    return dict(zip(("W", "U"), call(*args)[1:], strict=True))
