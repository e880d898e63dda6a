"""A spring in small steps of time, without NumPy; four numbers of an object are moved."""

import numpy as np
from alive import Number
from numeric import moved

PLANT = {"Ressort.gradient": "gx = gx +", "Ressort.descendre": ("self.log_k", "return")}
COST_IN_CODE = True
MEASURED = [0.9, 0.7, 0.65, 0.3, 0.1, -0.2]


def make(code):
    return code.Ressort(0.3, -0.9, 1.1, -0.2, dt=0.25).descendre, (MEASURED,)


def parameters(call, args):
    held = vars(call.__self__)
    return {name: Number(held, name) for name in ("log_k", "log_c", "x0", "v0")}


def output(call, args):
    spring = call.__self__
    k, c = np.exp([spring.log_k, spring.log_c])
    # one step is a matrix
    step = np.array([[1 - 0.0625 * k, 0.25 - 0.0625 * c], [-0.25 * k, 1 - 0.25 * c]])
    start = [spring.x0, spring.v0]
    return np.array([(np.linalg.matrix_power(step, n) @ start)[0] for n in range(1, 7)])


def target(call, args):
    return np.array(MEASURED)


def loss(call, args, out):
    return float(((out - target(call, args)) ** 2).mean())


def own(call, args):
    return float(call(*args))


def claimed(call, args):
    return moved(parameters, call, args)
