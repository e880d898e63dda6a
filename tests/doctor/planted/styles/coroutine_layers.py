"""Layers as generators: what is sent in first goes forward, what is sent in next comes back.

A layer yields its output, waits for the gradient of it, and yields the gradient of its input.
The local variables of the generator are the cache.
"""
import numpy as np


def linear(w, x, rate):
    grad = yield x @ w[:-1] + w[-1]          # last row = bias
    below = grad @ w[:-1].T
    w[:-1] -= rate * x.T @ grad
    w[-1] -= rate * grad.sum(axis=0)
    yield below


def sine(_, x, rate):
    grad = yield np.sin(x)
    yield grad * np.cos(x)


def softsign(_, x, rate):
    size = 1 + np.abs(x)
    grad = yield x / size
    yield grad / size ** 2


def skip(inner, x, rate):
    """x + inner(x), inner is a list of layers as in a net"""
    running, y = start(inner, x, rate)
    grad = yield x + y
    yield grad + finish(running, grad)


def start(net, x, rate):
    running = []
    for layer, w in net:
        run = layer(w, x, rate)
        x = next(run)
        running.append(run)
    return running, x


def finish(running, grad):
    for run in reversed(running):
        grad = run.send(grad)
    return grad


def train(net, xs, ys, rate=0.05):
    """One step down on half the summed squares; gives the predictions before it."""
    running, out = start(net, xs, rate)
    finish(running, out - ys)
    return out


def weights(rng, n_in, n_out):
    return rng.normal(0, n_in ** -0.5, (n_in + 1, n_out))


if __name__ == "__main__":
    rng = np.random.default_rng(6)
    net = [
        (linear, weights(rng, 1, 16)), (sine, None),
        (skip, [(linear, weights(rng, 16, 16)), (softsign, None)]),
        (linear, weights(rng, 16, 1)),
    ]
    xs = np.linspace(-3, 3, 100)[:, None]
    ys = np.sin(2 * xs) + 0.3 * xs
    for i in range(3000):
        out = train(net, xs, ys, 1e-3)
        if i % 300 == 0:
            print(i, np.abs(out - ys).max())
