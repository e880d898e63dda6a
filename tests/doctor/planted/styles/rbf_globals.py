# radial basis functions, on-line learning of everything (centres and widths too)
# based on my lecture notes, chapter 5

import numpy as np

eta = 0.05
mu = None        # centres, one in every row
sig = None       # one width for each centre
w = None         # outputs x centres
w0 = None        # offset of every output


def init(inputs, centres, outputs, seed=4):
    global mu, sig, w, w0
    gen = np.random.default_rng(seed)
    mu = gen.uniform(-1, 1, (centres, inputs))
    sig = gen.uniform(0.8, 1.6, centres)
    w = gen.normal(0, 1, (outputs, centres))
    w0 = gen.normal(0, 0.1, outputs)


def basis(x):
    away = x - mu
    dist = np.sum(away**2, axis=1)
    return away, dist, np.exp(-dist / (2 * sig**2))


def answer(x):
    return w.dot(basis(x)[2]) + w0


def present(x, t):
    """Shows one pattern x with its teacher t to the net."""
    global mu, sig, w, w0
    away, dist, phi = basis(x)
    y = w.dot(phi) + w0
    err = t - y

    # everything is computed with the old values
    push = w.T.dot(err) * phi
    step_w = np.outer(err, phi)
    step_w0 = err
    step_mu = away * (push / sig**2).reshape(-1, 1)
    step_sig = push * dist / sig**3

    w = w + eta * step_w
    w0 = w0 + eta * step_w0
    mu = mu + eta * step_mu
    sig = sig + eta * step_sig
    return err


if __name__ == "__main__":
    init(2, 9, 1)
    for sweep in range(200):
        for p in np.random.uniform(-1, 1, (50, 2)):
            present(p, np.array([np.sin(3 * p[0]) * p[1]]))
    print(answer(np.array([0.5, 0.5])), np.sin(1.5) * 0.5)
