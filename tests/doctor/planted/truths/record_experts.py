"""Linear experts and a gate over them, all parameters in one record, whose fields are moved."""

import numpy as np
from numeric import half_squares, moved, softmax

PLANT = {"gradient": "d_says =", "update": "for"}
COST_IN_CODE = False


def make(code):
    rng = np.random.default_rng(283)
    theta = code.new_model(4, 3, 2, seed=5)
    return code.update, (theta, rng.normal(size=(7, 4)), rng.normal(size=(7, 2)))


def parameters(call, args):
    return {name: args[0][name] for name in args[0].dtype.names}


def output(call, args):
    p, out = parameters(call, args), 0.0
    gate = softmax(args[1] @ p["gate_w"] + p["gate_b"], axis=1)
    for k in range(3):
        out = out + gate[:, [k]] * (args[1] @ p["exp_w"][k] + p["exp_b"][k])
    return out


def target(call, args):
    return args[2]


def loss(call, args, out):
    return half_squares(out, args[2])


def claimed(call, args):
    return moved(parameters, call, args)
