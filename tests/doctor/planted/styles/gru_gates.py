import numpy as np

GATES = ('z', 'r', 'c')     # update, reset, candidate


def logistic(a):
    return 1 / (1 + np.exp(-a))


class GRUClassifier:
    """Reads a batch of sequences (n, T, d) and says yes or no after the last step."""

    def __init__(self, d, units, seed=0):
        rs = np.random.RandomState(seed)
        self.units = units
        self.W = {k: rs.normal(0, .7, (d, units)) for k in GATES}
        self.U = {k: rs.normal(0, .7, (units, units)) for k in GATES}
        self.b = {k: rs.normal(0, .2, units) for k in GATES}
        self.v = rs.normal(0, .9, units)
        self.v0 = 0.1

    def _pre(self, k, x, h):
        return x @ self.W[k] + h @ self.U[k] + self.b[k]

    def predict_proba(self, X):
        h = np.zeros((X.shape[0], self.units))
        self.memory = []
        for t in range(X.shape[1]):
            x = X[:, t, :]
            z = logistic(self._pre('z', x, h))
            r = logistic(self._pre('r', x, h))
            c = np.tanh(self._pre('c', x, r * h))
            self.memory.append((x, h, z, r, c))
            h = h + z * (c - h)
        self.last_h = h
        return logistic(h @ self.v + self.v0)

    def bptt(self, proba, y):
        gW = {k: np.zeros_like(self.W[k]) for k in GATES}
        gU = {k: np.zeros_like(self.U[k]) for k in GATES}
        gb = {k: np.zeros_like(self.b[k]) for k in GATES}

        score_err = (proba - y) / len(y)
        gv = self.last_h.T @ score_err
        gv0 = score_err.sum()
        gh = score_err[:, None] * self.v

        for x, h, z, r, c in reversed(self.memory):
            g_z = gh * (c - h) * z * (1 - z)
            g_c = gh * z * (1 - c * c)
            g_rh = g_c @ self.U['c'].T
            g_r = g_rh * h * r * (1 - r)
            for k, g, seen in (('z', g_z, h), ('r', g_r, h), ('c', g_c, r * h)):
                gW[k] += x.T @ g
                gU[k] += seen.T @ g
                gb[k] += g.sum(axis=0)
            gh = gh * (1 - z)
            gh += g_rh * r
            gh += g_z @ self.U['z'].T
            gh += g_r @ self.U['r'].T
        return gW, gU, gb, gv, gv0

    def train_on_batch(self, X, y, lr=0.05):
        proba = self.predict_proba(X)
        gW, gU, gb, gv, gv0 = self.bptt(proba, y)
        for k in GATES:
            self.W[k] -= lr * gW[k]
            self.U[k] -= lr * gU[k]
            self.b[k] -= lr * gb[k]
        self.v -= lr * gv
        self.v0 -= lr * gv0
        return proba
