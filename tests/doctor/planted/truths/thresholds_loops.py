"""Sigmoids with thresholds that are subtracted, number by number; moved in place."""

import numpy as np
from numeric import half_squares, moved, sigmoid

PLANT = {"Perceptron2.adapt": "delta_k ="}
COST_IN_CODE = False


def make(code):
    rng = np.random.default_rng(23)
    return code.Perceptron2(5, 4, 3).adapt, (rng.normal(size=5), rng.uniform(size=3))


def parameters(call, args):
    net = call.__self__
    return {name: getattr(net, name) for name in ("wij", "theta_j", "wjk", "theta_k")}


def output(call, args):
    p = parameters(call, args)
    return sigmoid(sigmoid(args[0] @ p["wij"] - p["theta_j"]) @ p["wjk"] - p["theta_k"])


def target(call, args):
    return args[1]


def loss(call, args, out):
    return half_squares(out, args[1])


def claimed(call, args):
    return moved(parameters, call, args)
