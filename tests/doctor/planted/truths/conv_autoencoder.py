"""Signals of several lengths through convolutions and back; a dataclass is moved in place."""

import numpy as np
from numeric import half_squares, moved

PLANT = {
    "accumulate": ("grads.dec_off +=", "return"),
    "descent": ("k.enc -=", "return"),
}
COST_IN_CODE = False
NAMES = ("enc", "enc_off", "dec", "dec_off")


def make(code):
    rng = np.random.default_rng(157)
    shapes = ((2, 3), (2,), (2, 3), (1,))
    kernels = code.Kernels(*(rng.normal(size=shape) for shape in shapes))
    return code.descent, (kernels, [rng.normal(size=size) for size in (7, 9, 6)])


def parameters(call, args):
    return {name: getattr(args[0], name) for name in NAMES}


def output(call, args):
    p, outs = parameters(call, args), []
    for x in args[1]:
        out = np.full(len(x), p["dec_off"][0])
        for k in range(2):
            for n in range(len(x) - 2):
                code = np.logaddexp(0, x[n : n + 3] @ p["enc"][k] + p["enc_off"][k])
                out[n : n + 3] += code * p["dec"][k]
        outs.append(out)
    return np.concatenate(outs)


def target(call, args):
    return np.concatenate(args[1])


def loss(call, args, out):
    return half_squares(out, target(call, args))


def claimed(call, args):
    return moved(parameters, call, args)
