import numpy as np

# Mixture density network: p(y|x) = sum_k pi_k(x) N(y; mu_k(x), sigma_k(x)^2), y is one number.
# net["hidden"|"pi"|"mu"|"sigma"]["w"|"b"], a row is an example


def make_net(n_in, n_hidden, n_comp, seed=0):
    rng = np.random.default_rng(seed)
    net = {"hidden": {"w": rng.normal(0, 0.7, (n_in, n_hidden)), "b": rng.normal(0, 0.2, n_hidden)}}
    for head in ("pi", "mu", "sigma"):
        net[head] = {
            "w": rng.normal(0, 0.5, (n_hidden, n_comp)),
            "b": rng.normal(0, 0.3, n_comp),
        }
    return net


def linear(layer, a):
    return a @ layer["w"] + layer["b"]


def nll(net, x, y):
    h = np.tanh(linear(net["hidden"], x))
    logits = linear(net["pi"], h)
    pi = np.exp(logits - logits.max(axis=1, keepdims=True))
    pi /= pi.sum(axis=1, keepdims=True)
    mu = linear(net["mu"], h)
    sigma = np.exp(linear(net["sigma"], h))
    t = (y[:, None] - mu) / sigma
    joint = pi * np.exp(-0.5 * t ** 2) / (np.sqrt(2 * np.pi) * sigma)
    evidence = joint.sum(axis=1, keepdims=True)
    return -np.log(evidence).mean(), (h, pi, sigma, t, joint / evidence)


def nll_grad(net, x, tape):
    h, pi, sigma, t, gamma = tape
    n = len(x)
    d = {
        "pi": (pi - gamma) / n,
        "mu": -gamma * t / sigma / n,
        "sigma": gamma * (1 - t ** 2) / n,
    }
    g = {}
    dh = 0
    for head in d:
        g[head] = {"w": h.T @ d[head], "b": d[head].sum(axis=0)}
        dh = dh + d[head] @ net[head]["w"].T
    da = dh * (1 - h ** 2)
    g["hidden"] = {"w": x.T @ da, "b": da.sum(axis=0)}
    return g


class Adam:
    def __init__(self, net, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t = 0
        self.m = {l: {k: np.zeros_like(a) for k, a in net[l].items()} for l in net}
        self.v = {l: {k: np.zeros_like(a) for k, a in net[l].items()} for l in net}

    def update(self, net, g):
        self.t += 1
        for l in net:
            m, v = self.m[l], self.v[l]
            for k in net[l]:
                m[k] = self.beta1 * m[k] + (1 - self.beta1) * g[l][k]
                v[k] = self.beta2 * v[k] + (1 - self.beta2) * g[l][k] ** 2
                m_hat = m[k] / (1 - self.beta1 ** self.t)
                v_hat = v[k] / (1 - self.beta2 ** self.t)
                net[l][k] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


def train_step(net, opt, x, y):
    loss, tape = nll(net, x, y)
    opt.update(net, nll_grad(net, x, tape))
    return loss
