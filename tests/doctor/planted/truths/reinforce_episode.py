"""Relu and the chances of actions, weighted by what came of them; a dict is moved in place."""

import numpy as np
from numeric import moved, one_hot, softmax

PLANT = {"Agent.learn": ("push.append", "total =")}
COST_IN_CODE = False
ACTIONS = [2, 0, 1, 1, 0, 2, 2]
REWARDS = [0.0, 1.0, -0.5, 0.0, 2.0, 0.0, -1.0]


def make(code):
    rng = np.random.default_rng(223)
    agent = code.Agent(4, 5, 3)
    for action, reward in zip(ACTIONS, REWARDS, strict=True):
        agent.remember(rng.normal(size=4), action, reward)
    return agent.learn, ()


def parameters(call, args):
    return call.__self__.net


def output(call, args):
    seen, p = np.array(call.__self__.observations), call.__self__.net
    a = np.einsum("ti,hi->th", seen, p["look"])
    return softmax(np.einsum("th,ah->ta", np.where(a > 0, a, 0), p["decide"]), axis=1)


def target(call, args):
    return one_hot(np.array(ACTIONS), 3)


def loss(call, args, out):
    powers = 0.95 ** np.arange(7)
    later = np.array([powers[: 7 - t] @ REWARDS[t:] for t in range(7)])
    weights = (later - later.mean()) / (later.std() + 1e-8)
    return -float(weights @ np.log(out[np.arange(7), ACTIONS]))


def claimed(call, args):
    return moved(parameters, call, args)
