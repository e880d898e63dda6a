"""The element formulas of the design matrix: sums over indices, and Kronecker deltas that end them.

Follows the design matrix, "Generic forward propagation" to "Bias terms". The text's sums over p run
to n_1 where they run to n_l, and it calls i, the row of Z, its column.
"""

import numpy as np

from shapecheck_bp.derivations import design_matrix
from shapecheck_bp.derivations.examples.page import Page
from shapecheck_bp.derivations.parts import G_PRIME

CONVENTIONS = ("row", "column")


def run(page: Page) -> None:
    """Each sum beside the product of matrices that it is."""
    random = np.random.default_rng(0)
    m, n_in, n_out = 5, 3, 2
    A, W, b = random.normal(size=(m, n_in)), random.normal(size=(n_in, n_out)), np.ones((1, n_out))
    Z, dZ = random.normal(size=(m, n_in)), random.normal(size=(m, n_out))
    bp, flipped = page.bp, page.flipped

    page.title("m = 5 examples, n_in = 3, n_out = 2", "the design matrix, its element formulas")
    page.say("The sums are the text's own, examples as rows; the library's results are compared")
    page.say("with them, transposed." if page.is_flipped else "with them.")
    page.part("Generic forward propagation")
    sums = page.step("sum over k", design_matrix.linear_forward, A, W, b)
    page.agree("the product", flipped(bp.linear_forward(*flipped((A, W, b)))), sums)
    units = page.step("a bias for every example", design_matrix.bias_for_every_example, b, m)
    page.agree("the product, and a bias for every example", A @ W + units, sums)

    page.part("Chain rule for dW: δ_qj and δ_pk leave one term of each sum")
    one = page.step("example 1", design_matrix.dW_of_example, dZ, A, 0)
    page.agree("dW[j, k] = dZ[k] A[j]", one, np.outer(A[0], dZ[0]))
    mean = page.step("the mean over examples", design_matrix.dW, dZ, A)
    page.agree("the product", flipped(bp.weights_backward(*flipped((dZ, A))).dW), mean)

    page.part("Derivative with respect to Z: δ_rp leaves one term")
    sums = page.step("sum over q and r", design_matrix.dZ, dZ, W, Z, "tanh")
    product = (dZ @ W.T) * G_PRIME["tanh"](Z)
    page.agree("(dZ @ W.T) * g'(Z)", sums, product)

    page.part("The same in two steps")
    dA = page.step("linear backwards", design_matrix.dA, dZ, W)
    page.agree("the product", flipped(bp.linear_backward(*flipped((dZ, A, W)))[0]), dA)
    back = page.step("activation backwards", design_matrix.activation_backward, dA, Z, "tanh")
    page.agree("both at once", back, sums)
    page.agree("the library's", flipped(bp.activation_backward(*flipped((dA, Z)), "tanh")), back)

    page.part("Bias terms: δ_kp leaves one term")
    sums = page.step("sum over i and k", design_matrix.db, dZ)
    page.agree("the library's", flipped(bp.weights_backward(*flipped((dZ, A))).db), sums)
