"""Proportional hazards with a small net for the log risk (time to an event, some censored).

theta is one flat vector; LAYOUT says where everything is in it.
"""
import numpy as np

D, H = 4, 3
LAYOUT, SIZE = {}, 0
for _name, _shape in (("w1", (D, H)), ("b1", (H,)), ("w2", (H, H)), ("b2", (H,)), ("v", (H,))):
    _n = int(np.prod(_shape))
    LAYOUT[_name] = (slice(SIZE, SIZE + _n), _shape)
    SIZE += _n


def view(vec, name):
    where, shape = LAYOUT[name]
    return vec[where].reshape(shape)


def load(path):
    table = np.genfromtxt(path, delimiter=",", skip_header=1)
    return table[:, 2:], table[:, 0], table[:, 1]


def sort_by_time(x, time, event):
    """Longest first, so that who is still at risk is always above. No ties, please."""
    order = np.argsort(-time)
    return x[order], event[order]


def log_risk(theta, x):
    h1 = np.arctan(x @ view(theta, "w1") + view(theta, "b1"))
    h2 = np.arctan(h1 @ view(theta, "w2") + view(theta, "b2"))
    return h2 @ view(theta, "v"), h1, h2


def partial_likelihood(theta, x, event, ridge):
    """negative log partial likelihood per event, with ridge"""
    f, _, _ = log_risk(theta, x)
    at_risk = np.cumsum(np.exp(f))
    nll = -np.sum(event * (f - np.log(at_risk))) / event.sum()
    return nll + 0.5 * ridge * np.sum(theta ** 2)


def gradient(theta, x, event, ridge):
    f, h1, h2 = log_risk(theta, x)
    hazard = np.exp(f)
    at_risk = np.cumsum(hazard)
    share = event / at_risk
    share_below = np.cumsum(share[::-1])[::-1]
    df = (hazard * share_below - event) / event.sum()

    grad = np.zeros(SIZE)
    view(grad, "v")[:] = h2.T @ df
    # arctan(a)' = 1 / (1 + a^2), and a = tan(h)
    da2 = np.outer(df, view(theta, "v")) * np.cos(h2) ** 2
    view(grad, "w2")[:] = h1.T @ da2
    view(grad, "b2")[:] = da2.sum(axis=0)
    da1 = (da2 @ view(theta, "w2").T) * np.cos(h1) ** 2
    view(grad, "w1")[:] = x.T @ da1
    view(grad, "b1")[:] = da1.sum(axis=0)
    grad += ridge * theta
    return grad


def line_search_step(theta, x, event, ridge=0.05):
    """Steepest descent; the step is halved until Armijo is content."""
    g = gradient(theta, x, event, ridge)
    now = partial_likelihood(theta, x, event, ridge)
    t = 1.0
    for _ in range(30):
        if partial_likelihood(theta - t * g, x, event, ridge) <= now - 1e-4 * t * (g @ g):
            break
        t *= 0.5
    return theta - t * g, now
