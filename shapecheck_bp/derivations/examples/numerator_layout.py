"""A 3-4-2 network, one example, gradients in numerator layout: rows, and a 3-tensor.

Follows tensors, sections 2 to 5, with its squared difference. Weights lie as in column; dC/dW has
the shape of W.T, which is how row lays gradients out. The text once calls a gradient N_l × 1, where
it is a row, and writes b^l in (7), where φ has b^(l+1).
"""

import numpy as np

from shapecheck_bp import column, row
from shapecheck_bp.derivations import tensors
from shapecheck_bp.derivations.examples.page import Page
from shapecheck_bp.network import Layer, Network
from shapecheck_bp.transpose import flip

CONVENTIONS = ("column",)


def run(page: Page) -> None:
    """The derivative objects, one by one, then the loop of section 5."""
    net = Network((3, 4, 2), hidden="sigmoid", output="sigmoid", loss="squared_error")
    random = np.random.default_rng(0)
    params = tuple(
        Layer(random.normal(size=(n_out, n_in)), random.normal(size=(n_out, 1)))
        for n_in, n_out in ((3, 4), (4, 2))
    )
    x, target = random.normal(size=(3, 1)), np.array([[0.0], [1.0]])
    (W2, b2), (W3, b3) = params

    page.title("A 3-4-2 network, layers counted from 1", "tensors, sections 2 to 5")
    page.part("Section 5, step 2: forward")
    z2 = page.step("z of layer 2, by (1)", tensors.phi, W2, x, b2)
    z3 = page.step(
        "z of layer 3, by (1)", tensors.phi, W3, column.activation_forward(z2, "sigmoid"), b3
    )
    z, a = tensors.feed_forward(net, params, x)
    page.agree("both z by composition, (2)", (z2, z3), z)

    page.part("Step 3: the last helper gradient, a row")
    dC_da = page.step("δC/δa³ = 2 (a³ - λ)ᵗ", tensors.dC_da, a[2], target, "squared_error")
    da_dz = page.step("δa³/δz³, diagonal", tensors.da_dz, z3, "sigmoid")
    delta3 = page.step("δ³, (5)", tensors.last_helper, dC_da, da_dz)

    page.part("Step 4: the helper gradient before it")
    slopes = tensors.da_dz(z2, "sigmoid")
    page.step("δz³/δz², (7)", tensors.dz_dz, W3, slopes)
    delta2 = page.step("δ², (6) and (9)", tensors.helper, delta3, W3, slopes)
    by_slopes = tensors.numeric_derivative(
        lambda at: np.array([[tensors.cost_from(net, params, 2, at, target)]]), z2
    )
    page.agree("slopes of C_2 by finite differences, (4)", by_slopes, delta2, within=1e-8)

    page.part("Step 5: dC/dW, through a 3-tensor or as an outer product")
    tensor = page.step("z of layer 3 by W of layer 3: I(j = k) a_i", tensors.dz_dW, a[1], 2)
    dC_dW = page.step("δ³ with the tensor, (10) and (12)", tensors.dC_dW, delta3, tensor)
    product = page.step("a² ⊗ δ³, (13)", tensors.outer, a[1], delta3)
    page.agree("tensor and outer product", dC_dW, product)

    page.part("Step 6: dC/db is the helper gradient")
    page.agree("δ³ · I, (14) and (15)", page.step("dC/db³", tensors.dC_db, delta3), delta3)

    page.part("How it maps to the two conventions")
    grads = tensors.gradients(net, params, x, target)
    _, theirs = column.gradients(net, params, x, target)
    page.agree("flip of column's gradients", flip(theirs), grads)
    _, rows = row.gradients(net, *flip((params, x, target)))
    page.agree("row's gradients as they are", rows, grads)
    page.say(f"W³ {W3.shape}, dC/dW³ {grads[1].dW.shape}, column's dW {theirs[1].dW.shape}")
