"""Factorization machine for clicks, labels are -1 and +1.

To be given to scipy.optimize.minimize(fun, theta0, jac=True).
theta holds w0, then w (d), then V (d x k) row by row.
"""
import numpy as np


def split(theta, d, k):
    w0 = theta[0]
    w = theta[1:d + 1]
    V = theta[d + 1:].reshape(d, k)
    return w0, w, V


def scores(theta, X, k):
    w0, w, V = split(theta, X.shape[1], k)
    XV = X @ V
    pairs = 0.5 * (XV ** 2 - (X ** 2) @ (V ** 2)).sum(axis=1)
    return w0 + X @ w + pairs


def make_fun(X, y, k, lam=0.1):
    n, d = X.shape
    X2 = X ** 2

    def fun(theta):
        w0, w, V = split(theta, d, k)
        margin = y * scores(theta, X, k)
        f = np.mean(np.logaddexp(0, -margin))
        f += 0.5 * lam * (w @ w + np.sum(V * V))

        # d/ds log(1 + exp(-y s)) = -y / (1 + exp(y s))
        coef = -y / (1 + np.exp(margin)) / n
        g_w0 = coef.sum()
        g_w = X.T @ coef + lam * w
        g_V = X.T @ (coef[:, None] * (X @ V))
        g_V -= (X2.T @ coef)[:, None] * V
        g_V += lam * V
        return f, np.concatenate([[g_w0], g_w, g_V.ravel()])

    return fun


def descend(fun, theta, steps=100, rate=1.0):
    f, g = fun(theta)
    for _ in range(steps):
        trial = theta - rate * g
        f_new, g_new = fun(trial)
        if f_new < f:
            theta, f, g = trial, f_new, g_new
        else:
            rate /= 2
    return theta
