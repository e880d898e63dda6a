"""Logistic regression with decay on features scaled inside; parameters are rebound."""

import numpy as np
from numeric import log_loss, moved, sigmoid

PLANT = {"LogisticRegression.fit": "residual ="}
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(53)
    X = rng.normal(3, 2, size=(8, 5))
    y = rng.integers(0, 2, 8).astype(float)
    return code.LogisticRegression().prepare(X).fit, (X, y)


def parameters(call, args):
    return {"w": call.__self__.w, "b": call.__self__.b}


def output(call, args):
    X, model = args[0], call.__self__
    return sigmoid((X - X.mean(0)) / X.std(0) @ model.w + model.b)


def target(call, args):
    return args[1]


def loss(call, args, out):
    return log_loss(out, args[1]) / 8 + 0.1 * float((call.__self__.w**2).sum())


def claimed(call, args):
    return moved(parameters, call, args)
