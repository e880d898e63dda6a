"""Why W is transposed: the dimension check, where it fails, and the sum that settles it.

Follows transpose, "Checking correct dimensions" and "Theory from item-by-item calculation". The
text writes W_ij for the weight from a_i to z_j; with its own W[2] of n[2] × n[1] that is W_ji.
"""

import numpy as np

from shapecheck_bp.derivations.dimensions import (
    dA_item_by_item,
    dimension_check,
    z_item_by_item,
)
from shapecheck_bp.derivations.examples.page import Page

CONVENTIONS = ("column", "row")


def run(page: Page) -> None:
    """Distinct sizes, equal sizes, and the sum over j."""
    random = np.random.default_rng(0)
    bp = page.bp

    def shapes(n1: int, n2: int, m: int) -> tuple[tuple[int, int], dict[str, tuple[int, int]]]:
        have = {"W2": (n2, n1), "dZ2": (n2, m), "X": (n1 + 1, m)}
        wanted = (n1, m)
        if page.is_flipped:
            return wanted[::-1], {name: shape[::-1] for name, shape in have.items()}
        return wanted, have

    page.title("dA[1] from dZ[2] and W[2]", "transpose, its answer")
    page.part("Checking dimensions: which product has the shape of dA[1]?")
    for n1, n2, m in ((2, 1, 7), (2, 2, 7), (2, 2, 2)):
        wanted, have = shapes(n1, n2, m)
        page.say(f"n[1] = {n1}, n[2] = {n2}, m = {m}: wanted {wanted}, have {have}")
        for product in dimension_check(wanted, have):
            page.say(f"    {product}")
    page.say("Here sizes that differ leave one product, and sizes that coincide leave several.")

    page.part(
        "Item by item, W (3, 2): z_j = b_j + Σ_i W_ji a_i, so that a_i has a part in every z_j"
    )
    W, a, b = random.normal(size=(3, 2)), random.normal(size=(2, 1)), random.normal(size=(3, 1))
    z = page.step("forward, the sum is over i", z_item_by_item, a, W, b)
    page.agree("W @ a + b", z, W @ a + b)
    dz = random.normal(size=(3, 1))
    da = page.step("backward, the sum is over j", dA_item_by_item, dz, W)
    dA_prev, _, _ = bp.linear_backward(*page.flipped((dz, a, W)))
    page.agree("the library's dA_prev", page.flipped(dA_prev), da)

    page.part("W (3, 3): shapes fit with the transpose and without it; values fit with it alone")
    W = random.normal(size=(3, 3))
    da = dA_item_by_item(dz, W)
    page.agree("W.T @ dz", W.T @ dz, da)
    apart = float(np.max(np.abs(W @ dz - da)))
    page.say(f"W @ dz has the same shape and is up to {apart:.2f} off")
