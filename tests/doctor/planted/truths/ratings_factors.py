"""Factors and biases of one rating, with decay of what it reads; rows are moved in place."""

import numpy as np
from numeric import half_squares, moved

PLANT = {"Recommender.learn_rating": ("", "return")}
COST_IN_CODE = False


def make(code):
    return code.Recommender(5, 6).learn_rating, (3, 1, 5.0)


def parameters(call, args):
    return {name: getattr(call.__self__, name) for name in ("P", "Q", "user_bias", "item_bias")}


def output(call, args):
    p = parameters(call, args)
    table = p["P"] @ p["Q"].T + np.add.outer(p["user_bias"], p["item_bias"]) + 3.5
    return table[3:4, 1]


def target(call, args):
    return np.array([5.0])


def loss(call, args, out):
    p = parameters(call, args)
    read = (p["P"][3], p["Q"][1], p["user_bias"][3], p["item_bias"][1])
    return half_squares(out, target(call, args)) + 0.05 * sum(float(np.sum(a**2)) for a in read)


def claimed(call, args):
    return moved(parameters, call, args)
