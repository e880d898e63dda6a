"""Jacobians of the 3-2-1 network, one weight vector at a time, and how the loop goes away.

Follows layers, "single data point", "multiple data points", "Loss and activation" and "Optimised
calculations". The text stacks rows up to w_n where it means w_q, one for each of q neurons, and it
draws X, where the product is with Xᵀ.
"""

import numpy as np

from shapecheck_bp.derivations import layers
from shapecheck_bp.derivations.examples.page import Page
from shapecheck_bp.derivations.parts import G_PRIME, LOSS_PRIME, sigmoid
from shapecheck_bp.derivations.tensors import numeric_derivative

CONVENTIONS = ("column",)


def run(page: Page) -> None:
    """Without activations first, as the text has it; then with them."""
    random = np.random.default_rng(0)
    w1, w2 = random.normal(size=(2, 3)), random.normal(size=(1, 2))
    X, y = random.normal(size=(3, 4)), np.array([[1.0, 0.0, 0.0, 1.0]])
    x = X[:, :1]

    page.title("Jacobians, q = 2 neurons, d = 3 inputs", "layers, from 'single data point' on")
    page.part("One point, no activations: through a[1] to the first weight vector")
    by_a1 = page.step("a[2] by a[1]", layers.jacobian_a2_by_a1, w2)
    by_row = page.step("a[1] by w[1]_a", layers.jacobian_a1_by_row, x, 0, 2)
    whole = page.step("their product", layers.jacobian_one_point, w2, x, 0)
    page.agree("(1, 2) @ (2, 3) = (1, 3)", whole, by_a1 @ by_row)
    page.agree("w[2]_1 x.T", whole, w2[0, 0] * x.T)
    stacked = page.step("both weight vectors", layers.jacobian_stacked, w2, x)
    page.agree("w[2].T @ x.T", stacked, w2.T @ x.T)
    slopes = numeric_derivative(lambda w: w2 @ w @ x, w1).T
    page.agree("slopes of a[2] by finite differences", slopes, stacked, within=1e-8)

    page.part("Four points: the sum over all routes, through each a[1]_i")
    first, then = page.step("the route through a[1]_1", layers.route, w2, X, 0, 0)
    page.say(f"its product has {np.count_nonzero((first @ then).any(axis=1))} row that is not zero")
    for row, name in enumerate("ab"):
        total = page.step(f"all routes to w[1]_{name}", layers.jacobian_all_points, w2, X, row)
        page.agree(f"w[2]_{row + 1} X.T", total, w2[0, row] * X.T)

    page.part("Loss and activation: diagonal Jacobians, or elementwise products")
    z2 = w2 @ sigmoid(w1 @ X)
    a2 = sigmoid(z2)
    dL, dsigma = LOSS_PRIME["log_loss"](a2, y), G_PRIME["sigmoid"](z2)
    JL = page.step("of the loss", layers.jacobian_of_elementwise, dL)
    Jsigma = page.step("of the activation", layers.jacobian_of_elementwise, dsigma)
    page.agree("their product and diag(a - y)", JL @ Jsigma, np.diag((a2 - y)[0]))
    routes = layers.jacobian_all_points(w2, X, 0)
    fat = page.step("a column, fattened", layers.fattened, (a2 - y).T, routes)
    page.agree("diag(a - y) @ w[2]_1 X.T", fat, JL @ Jsigma @ routes)

    page.part("Sums: the loop over neurons, and the product that replaces it")
    a1 = sigmoid(w1 @ X)
    last = page.step("last layer", layers.last_layer_sum, a2 - y, a1)
    page.agree("(a[2] - y) @ a[1].T", last, (a2 - y) @ a1.T)
    loop = page.step("first layer, looped", layers.first_layer_loop, w2, a2 - y, X)
    outer = page.step("first layer, outer product", layers.first_layer_outer, w2, a2 - y, X)
    page.agree("loop and outer product", loop, outer)
    M = (w2.T @ (a2 - y)) * G_PRIME["sigmoid"](w1 @ X)
    page.say("with the activation: M = (w[2].T @ (a[2] - y)) * g'(z[1]), and M @ X.T")

    def loss(w: np.ndarray) -> np.ndarray:
        a = sigmoid(w2 @ sigmoid(w @ X))
        return np.array([[np.sum(-y * np.log(a) - (1 - y) * np.log(1 - a))]])

    slopes = numeric_derivative(loss, w1).T
    page.agree("slopes of the loss by finite differences", slopes, M @ X.T, within=1e-7)
