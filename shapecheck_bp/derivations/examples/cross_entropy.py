"""Cross-entropy with one-hot labels, and the two-class case that is log loss.

Follows the design matrix, "Final layer". The text gives Y as n_L × m beside A as m × n_L; here both
lie the same way, and the row of logarithms meets its labels entry by entry. Its last derivative is
by Ŷ where it writes Y.
"""

import numpy as np

from shapecheck_bp.derivations import design_matrix
from shapecheck_bp.derivations.examples.page import Page
from shapecheck_bp.derivations.parts import LOSS_PRIME
from shapecheck_bp.network import Cache, Network

CONVENTIONS = ("row", "column")


def run(page: Page) -> None:
    """Three classes, then two."""
    bp = page.bp
    page.title("Final layer", "the design matrix, 'Final layer'")
    page.part("Three classes, four examples")
    Z = np.random.default_rng(0).normal(size=(4, 3))
    labels = np.array([2, 0, 1, 0])
    Y = page.step("one-hot labels", bp.one_hot, labels, 3)
    A = page.step("probabilities", bp.softmax, page.flipped(Z))
    rows = page.flipped((A, Y))
    losses = page.step("each example's loss", design_matrix.cross_entropy, *rows)
    picked = np.array([[-np.log(page.flipped(A)[i, k])] for i, k in enumerate(labels)])
    page.agree("-log of the probability of the true class", losses, picked)
    net = Network((3, 3))
    J = bp.cost(net, Cache((page.flipped(Z),), (page.flipped(Z), A)), Y)
    page.say(f"J = {float(J):.6f}")
    page.agree("J is their mean", np.mean(losses), J)
    dA = LOSS_PRIME["cross_entropy"](A, Y)
    page.say("the first dA passed backwards: -Y / A")
    page.say("softmax mixes the classes: dZ = A * (dA - sum(A * dA)), the sum over classes")
    through_softmax = (bp.activation_backward, dA, page.flipped(Z), "softmax")
    dZ = page.step("through softmax, not elementwise", *through_softmax)
    page.agree("A - Y", dZ, A - Y)

    page.part("Two classes: A = (Ŷ, 1 - Ŷ), Y = (Y, 1 - Y)")
    y_hat, y = np.array([[0.8], [0.3], [0.6]]), np.array([[1.0], [0.0], [0.0]])
    both = page.step("80% dog is 20% cat", design_matrix.two_classes, y_hat)
    page.say(f"first row: {both[0].round(2).tolist()}")
    losses = design_matrix.cross_entropy(both, design_matrix.two_classes(y))
    log_loss = -y * np.log(y_hat) - (1 - y) * np.log(1 - y_hat)
    page.agree("-Y log Ŷ - (1 - Y) log(1 - Ŷ)", losses, log_loss)
    slope = page.step("its derivative by Ŷ", design_matrix.binary_cross_entropy_prime, y_hat, y)
    page.agree("-Y / Ŷ + (1 - Y) / (1 - Ŷ)", slope, -y / y_hat + (1 - y) / (1 - y_hat))
