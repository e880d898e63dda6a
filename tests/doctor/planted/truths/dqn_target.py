"""The Huber loss of one output a row, against a net that stays; a list of pairs is rebound."""

import numpy as np
from numeric import moved

PLANT = {"DQN.train_on_batch": ("delta[", "self.q_net")}
COST_IN_CODE = False
ACTIONS = np.array([1, 0, 2, 2, 1, 0, 1, 2])
DONE = np.array([0, 0, 1, 0, 0, 1, 0, 0])


def make(code):
    rng = np.random.default_rng(293)
    agent = code.DQN((3, 5, 4, 3))
    for net in (agent.q_net, agent.target_net):
        net[:] = [[rng.normal(size=w.shape), rng.normal(size=b.shape)] for w, b in net]
    s, s2 = rng.normal(size=(2, 8, 3))
    return agent.train_on_batch, (s, ACTIONS, rng.normal(size=8), s2, DONE)


def parameters(call, args):
    return {f"{n}{i}": a for n, both in enumerate(call.__self__.q_net) for i, a in enumerate(both)}


def values(net, a):
    for w, b in net[:-1]:
        a = np.einsum("ni,ij->nj", a, w) + b
        a = np.where(a > 0, a, 0)
    return np.einsum("ni,ij->nj", a, net[-1][0]) + net[-1][1]


def output(call, args):
    rows = zip(values(call.__self__.q_net, args[0]), ACTIONS, strict=True)
    return np.array([q[a] for q, a in rows])


def target(call, args):
    best = [max(q) for q in values(call.__self__.target_net, args[3])]
    return args[2] + 0.9 * np.where(DONE == 1, 0, best)


def loss(call, args, out):
    far = np.abs(out - target(call, args))
    return float(sum(0.5 * r * r if r < 1 else r - 0.5 for r in far)) / 8


def claimed(call, args):
    return moved(parameters, call, args)
