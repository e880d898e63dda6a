"""A plain tanh network over time, trained to say something at every step."""

import numpy as np


class RNN:
    def __init__(self, n_in, n_hidden, n_out, lr=0.05, seed=0):
        rng = np.random.default_rng(seed)
        self.Wx = rng.normal(0, 0.6, (n_in, n_hidden))
        self.Wh = rng.normal(0, 0.6, (n_hidden, n_hidden))
        self.bh = rng.normal(0, 0.1, n_hidden)
        self.Wy = rng.normal(0, 0.6, (n_hidden, n_out))
        self.by = np.zeros(n_out)
        self.lr = lr

    def train_step(self, xs, targets):
        """xs is (time, batch, in), targets (time, batch, out). Returns the mean squared error."""
        steps, batch, _ = xs.shape
        hs = [np.zeros((batch, self.Wh.shape[0]))]
        ys = []
        for t in range(steps):
            h = np.tanh(xs[t] @ self.Wx + hs[-1] @ self.Wh + self.bh)
            hs.append(h)
            ys.append(h @ self.Wy + self.by)
        error = np.array(ys) - targets
        loss = np.mean(error**2)

        dWx, dWh, dbh = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.bh)
        dWy, dby = np.zeros_like(self.Wy), np.zeros_like(self.by)
        dh_next = np.zeros_like(hs[0])
        for t in reversed(range(steps)):
            dy = 2 * error[t] / error.size
            # hs has one more at the front, so hs[t + 1] belongs to ys[t]
            dWy += hs[t + 1].T @ dy
            dby += dy.sum(axis=0)
            dh = dy @ self.Wy.T + dh_next
            dz = dh * (1 - hs[t + 1] ** 2)
            dWx += xs[t].T @ dz
            dWh += hs[t].T @ dz
            dbh += dz.sum(axis=0)
            dh_next = dz @ self.Wh.T

        self.Wx -= self.lr * dWx
        self.Wh -= self.lr * dWh
        self.bh -= self.lr * dbh
        self.Wy -= self.lr * dWy
        self.by -= self.lr * dby
        return loss


def make():
    rng = np.random.default_rng(11)
    net = RNN(3, 4, 2)
    return net.train_step, (rng.normal(size=(5, 6, 3)), rng.normal(size=(5, 6, 2)))


def parameters(call, args):
    return {name: getattr(call.__self__, name) for name in ("Wx", "Wh", "bh", "Wy", "by")}


def claimed(call, args):
    before = {name: array.copy() for name, array in parameters(call, args).items()}
    call(*args)
    return {name: before[name] - array for name, array in parameters(call, args).items()}


def cost(call, args):
    return call(*args)


BREAKS = [
    {"line": 36, "instead": "            dh = dy @ self.Wy.T", "what": "dh_next forgotten"},
    {
        "line": 41,
        "instead": "            dh_next = dz @ self.Wh",
        "what": "transpose of a square Wh forgotten",
    },
    {
        "line": 41,
        "instead": "            dh_next = dh @ self.Wh.T",
        "what": "handed on without tanh's slope",
    },
    {
        "line": 37,
        "instead": "            dz = dh * (1 - hs[t + 1])",
        "what": "square in tanh's slope forgotten",
    },
    {
        "line": 39,
        "instead": "            dWh += hs[t + 1].T @ dz",
        "what": "this step's state for the one before",
    },
    {
        "line": 40,
        "instead": "            dbh = dz.sum(axis=0)",
        "what": "= for +=, not summed over time",
    },
    {
        "line": 34,
        "instead": "            dWy += hs[t].T @ dy",
        "what": "the state before for this step's",
    },
    {"line": 44, "instead": "        self.Wh += self.lr * dWh", "what": "sign: a step uphill"},
]
