from numpy import array, exp, zeros
from numpy.random import default_rng


def f(s):
    return 1.0 / (1.0 + exp(-s))


class Perceptron2:
    # textbook notation: net_j = sum_i w_ij x_i - theta_j

    def __init__(self, ni, nj, nk, eta=0.4, mu=0.9, seed=11):
        rnd = default_rng(seed)
        self.ni, self.nj, self.nk = ni, nj, nk
        self.eta = eta
        self.mu = mu
        self.wij = rnd.uniform(-1, 1, (ni, nj))
        self.theta_j = rnd.uniform(-1, 1, nj)
        self.wjk = rnd.uniform(-1, 1, (nj, nk))
        self.theta_k = rnd.uniform(-1, 1, nk)
        self.last_ij = zeros((ni, nj))
        self.last_jk = zeros((nj, nk))

    def activate(self, x):
        self.xi = array(x, dtype=float)
        self.yj = zeros(self.nj)
        for j in range(self.nj):
            net = sum(self.wij[i][j] * self.xi[i] for i in range(self.ni))
            self.yj[j] = f(net - self.theta_j[j])
        self.yk = zeros(self.nk)
        for k in range(self.nk):
            net = sum(self.wjk[j][k] * self.yj[j] for j in range(self.nj))
            self.yk[k] = f(net - self.theta_k[k])
        return self.yk

    def adapt(self, x, d):
        self.activate(x)
        delta_k = zeros(self.nk)
        for k in range(self.nk):
            e = d[k] - self.yk[k]
            delta_k[k] = self.yk[k] * (1 - self.yk[k]) * e
        delta_j = zeros(self.nj)
        for j in range(self.nj):
            back = 0.0
            for k in range(self.nk):
                back += delta_k[k] * self.wjk[j][k]
            delta_j[j] = self.yj[j] * (1 - self.yj[j]) * back
        for j in range(self.nj):
            for k in range(self.nk):
                step = self.eta * self.yj[j] * delta_k[k] + self.mu * self.last_jk[j][k]
                self.wjk[j][k] += step
                self.last_jk[j][k] = step
        for k in range(self.nk):
            self.theta_k[k] += self.eta * (-1) * delta_k[k]
        for i in range(self.ni):
            for j in range(self.nj):
                step = self.eta * self.xi[i] * delta_j[j] + self.mu * self.last_ij[i][j]
                self.wij[i][j] += step
                self.last_ij[i][j] = step
        for j in range(self.nj):
            self.theta_j[j] += self.eta * (-1) * delta_j[j]
