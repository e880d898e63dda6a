"""Tanh neurons, each a dict with a list of weights, without NumPy; numbers are moved."""

import numpy as np
from alive import Number, Numbers
from numeric import half_squares, moved

PLANT = {
    "assign_blame": "layer =",
    "adjust": "",
}
COST_IN_CODE = False


def make(code):
    return code.learn_row, (code.create([4, 5, 3, 2]), [0.9, -0.4, 0.3, -1.1], [0.6, -0.2])


def parameters(call, args):
    found = {}
    for i, layer in enumerate(args[0]):
        for j, neuron in enumerate(layer):
            found[f"w{i}{j}"] = Numbers(neuron["w"])
            found[f"b{i}{j}"] = Number(neuron, "bias")
    return found


def output(call, args):
    a = np.array(args[1])
    for layer in args[0]:
        a = np.tanh(np.array([n["w"] for n in layer]) @ a + [n["bias"] for n in layer])
    return a


def target(call, args):
    return np.array(args[2])


def loss(call, args, out):
    return half_squares(out, target(call, args))


def claimed(call, args):
    return moved(parameters, call, args)
