"""The 3-2-1 network, both ways through: the algorithm with M, dA and C, and the biases.

Follows layers, "More complex network" and "Putting it all together". The text leaves the biases to
the reader: db is the sum of C over the points, divided by their number. Its dA is g'(z), and its M
is what this library calls dA; its C is dZ. Its step "adjust the weights" comes before M is passed
back through w: the w that is meant is the old one.
"""

import numpy as np

from shapecheck_bp.derivations import layers
from shapecheck_bp.derivations.examples.page import Page
from shapecheck_bp.derivations.parts import LOSS_PRIME
from shapecheck_bp.network import Gradient, Layer, Network

CONVENTIONS = ("column", "row")


def run(page: Page) -> None:
    """Forward through both layers, and back."""
    net = Network((3, 2, 1), hidden="sigmoid", output="sigmoid")
    random = np.random.default_rng(0)
    params = tuple(
        Layer(random.normal(size=(n_out, n_in)), random.normal(size=(n_out, 1)))
        for n_in, n_out in ((3, 2), (2, 1))
    )
    X, Y = random.normal(size=(3, 5)), np.array([[1.0, 0.0, 0.0, 1.0, 1.0]])
    derived = layers.gradients(net, params, X, Y)
    bp = page.bp
    params, X, Y, derived = page.flipped((params, X, Y, derived))
    (W1, b1), (W2, b2) = params

    page.title("A 3-2-1 network, 5 points", "layers, 'Putting it all together'")
    page.part("Step 1: forward")
    Z1 = page.step("z[1] from X", bp.linear_forward, X, W1, b1)
    A1 = page.step("a[1] from z[1]", bp.activation_forward, Z1, "sigmoid")
    Z2 = page.step("z[2] from a[1]", bp.linear_forward, A1, W2, b2)
    A2 = page.step("a[2] from z[2]: the predictions", bp.activation_forward, Z2, "sigmoid")

    page.part("Steps 2 to 4: the loss's derivatives, M = dL")
    page.say(
        "dL = -y/a + (1-y)/(1-a), elementwise",
        "In the equations below, dA is the text's M, g'(Z) its dA, and dZ its C.",
    )
    M = LOSS_PRIME["log_loss"](A2, Y)

    page.part("Step 5, layer 2")
    C = page.step("C = M * dA", bp.activation_backward, M, Z2, "sigmoid")
    page.agree("C and a[2] - y: the derivatives cancel", C, A2 - Y)
    M, dW2, db2 = page.step("dW, db, and the next M", bp.linear_backward, C, A1, W2)

    page.part("Step 5, layer 1")
    C = page.step("C = M * dA", bp.activation_backward, M, Z1, "sigmoid")
    dW1, db1 = page.step("dW, db", bp.weights_backward, C, X)

    page.part("The whole algorithm at once")
    grads = (Gradient(dW1, db1), Gradient(dW2, db2))
    page.agree("the derivation's dW and db, biases included", derived, grads)
    J, whole = bp.gradients(net, params, X, Y)
    page.say(f"J = {float(J):.6f}")
    page.agree(f"shapecheck_bp.{page.convention}.gradients", whole, grads)
