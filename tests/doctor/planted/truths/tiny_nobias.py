"""Two sigmoids without biases, updated in place with what is added."""

import numpy as np
from numeric import half_squares, moved, sigmoid

PLANT = {
    "sig": ("return x", "return 1"),
    "learn": "miss =",
}
COST_IN_CODE = False


def make(code):
    rng = np.random.default_rng(2)
    return code.learn, (
        rng.uniform(-1, 1, size=(6, 3)),
        rng.integers(0, 2, size=(6, 2)).astype(float),
        *code.weights(3, 5, 2),
    )


def parameters(call, args):
    return {"wa": args[2], "wb": args[3]}


def output(call, args):
    return sigmoid(sigmoid(args[0] @ args[2]) @ args[3])


def target(call, args):
    return args[1]


def loss(call, args, out):
    return half_squares(out, args[1])


def claimed(call, args):
    return moved(parameters, call, args)
