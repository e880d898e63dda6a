"""Logistic regression by the chain rule, link by link: one point, then all.

Follows layers, "Simple network". The text writes z = wᵀX + b and its gradient as a row; with the
weights as a row, as in all that follows there, z = w X + b and the shapes agree.
"""

import numpy as np

from shapecheck_bp.derivations import layers
from shapecheck_bp.derivations.examples.page import Page
from shapecheck_bp.network import Layer, Network

CONVENTIONS = ("column", "row")


def run(page: Page) -> None:
    """One point, several points, and the library's own gradient."""
    random = np.random.default_rng(0)
    w, b = random.normal(size=(1, 3)), random.normal(size=(1, 1))
    X, y = random.normal(size=(3, 5)), np.array([[1.0, 0.0, 0.0, 1.0, 1.0]])
    bp = page.bp

    page.title("Logistic regression: 3 inputs, 5 points", "layers, 'Simple network'")
    page.say("The text's own steps, points as columns, and the library's at the end.")
    page.part("One point x: three links")
    page.say("dL/da = -y/a + (1-y)/(1-a),  da/dz = a (1-a),  dz/dw = x.T")
    point = page.step("their product", layers.logistic_point, w, b, X[:, :1], y[:, :1])
    a = 1 / (1 + np.exp(-(w @ X + b)))
    page.agree("(a - y) x.T", point.dW, (a[:, :1] - y[:, :1]) @ X[:, :1].T)
    page.agree("a - y", point.db, a[:, :1] - y[:, :1])

    page.part("All points: the average of their gradients")
    average = page.step("point after point", layers.logistic_average, w, b, X, y)
    page.agree("(a - y) X.T / m, all at once", average.dW, (a - y) @ X.T / 5)

    page.part(f"The same by shapecheck_bp.{page.convention}")
    net = Network((3, 1), output="sigmoid")
    arguments = page.flipped(((Layer(w, b),), X, y))
    J, grads = page.step("J and its gradients", bp.gradients, net, *arguments)
    page.say(f"J = {float(J):.6f}")
    page.agree("dW and db", page.flipped(grads), (average,))
