import numpy as np

eps = 1e-5


def affine_fwd(x, w, b):
    return x @ w + b, (x, w)


def affine_bwd(dout, cache):
    x, w = cache
    dx = dout @ w.T
    dw = x.T @ dout
    db = np.sum(dout, axis=0)
    return dx, dw, db


def bn_fwd(x, gamma, beta):
    mu = x.mean(axis=0)
    xc = x - mu
    var = (xc ** 2).mean(axis=0)
    istd = 1 / np.sqrt(var + eps)
    xhat = xc * istd
    return gamma * xhat + beta, (xhat, gamma, istd)


def bn_bwd(dout, cache):
    xhat, gamma, istd = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    dx = istd / N * (N * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0))
    return dx, dgamma, dbeta


def tanh_fwd(x):
    y = np.tanh(x)
    return y, y


def tanh_bwd(dout, y):
    return dout * (1 - y * y)


def softmax_xent(s, t):
    s = s - s.max(1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(1, keepdims=True))
    N = s.shape[0]
    loss = -np.sum(t * logp) / N
    ds = (np.exp(logp) - t) / N
    return loss, ds


def train_step(p, x, t):
    h, c1 = affine_fwd(x, p["w1"], p["b1"])
    hn, c2 = bn_fwd(h, p["gamma"], p["beta"])
    a, c3 = tanh_fwd(hn)
    s, c4 = affine_fwd(a, p["w2"], p["b2"])
    loss, ds = softmax_xent(s, t)

    g = {}
    da, g["w2"], g["b2"] = affine_bwd(ds, c4)
    dhn = tanh_bwd(da, c3)
    dh, g["gamma"], g["beta"] = bn_bwd(dhn, c2)
    dx, g["w1"], g["b1"] = affine_bwd(dh, c1)
    return loss, g
