import numpy as np


def sigm(a):
    return 1. / (1. + np.exp(-a))


class AutoEncoder:
    # tied weights: decoder uses W transposed. examples in columns

    def __init__(self, n_vis, n_hid, rng):
        self.W = rng.uniform(-0.8, 0.8, size=(n_hid, n_vis))
        self.bhid = rng.uniform(-0.3, 0.3, size=(n_hid, 1))
        self.bvis = rng.uniform(-0.3, 0.3, size=(n_vis, 1))

    def get_cost(self, x, r):
        return 0.5 * np.sum((r - x) ** 2) / x.shape[1]

    def cost_and_grads(self, x):
        n = x.shape[1]
        h = sigm(self.W @ x + self.bhid)
        r = sigm(self.W.T @ h + self.bvis)
        cost = self.get_cost(x, r)

        delta_r = (r - x) * r * (1 - r) / n
        delta_h = (self.W @ delta_r) * h * (1 - h)
        gW = delta_h @ x.T + h @ delta_r.T
        gbvis = delta_r.sum(axis=1, keepdims=True)
        gbhid = delta_h.sum(axis=1, keepdims=True)
        return cost, [gW, gbhid, gbvis]

    def sgd(self, x, rate=0.1):
        cost, (gW, gbhid, gbvis) = self.cost_and_grads(x)
        for par, g in ((self.W, gW), (self.bhid, gbhid), (self.bvis, gbvis)):
            par -= rate * g
        return cost
