"""A net of long short-term memory over columns, ten attributes; moved in place."""

import numpy as np
from numeric import half_squares, moved, sigmoid

PLANT = {
    "LSTM.fanxiang": "wucha =",
    "LSTM.xunlian": "canshu =",
}
COST_IN_CODE = False
NAMES = ("Wf", "Wi", "Wo", "Wc", "bf", "bi", "bo", "bc", "Wy", "by")


def make(code):
    rng = np.random.default_rng(239)
    net = code.LSTM(3, 4, 2)
    for name in NAMES:
        setattr(net, name, rng.normal(scale=0.6, size=getattr(net, name).shape))
    return net.xunlian, (rng.normal(size=(5, 3)), rng.normal(size=(5, 2)))


def parameters(call, args):
    return {name: getattr(call.__self__, name) for name in NAMES}


def output(call, args):
    p, outs = parameters(call, args), []
    h = c = np.zeros(4)
    for x in args[0]:
        pre = [p[f"W{k}"][:, :4] @ h + p[f"W{k}"][:, 4:] @ x + p[f"b{k}"][:, 0] for k in "fioc"]
        c = sigmoid(pre[0]) * c + sigmoid(pre[1]) * np.tanh(pre[3])
        h = sigmoid(pre[2]) * np.tanh(c)
        outs.append(p["Wy"] @ h + p["by"][:, 0])
    return np.array(outs)


def target(call, args):
    return args[1]


def loss(call, args, out):
    return half_squares(out, args[1])


def claimed(call, args):
    return moved(parameters, call, args)
