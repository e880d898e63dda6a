"""Every numbered equation and every worked shape of the four texts, and the test that runs it.

The texts are named as in docs/sources.md. ``TABLE`` is the list; a test below holds it to the tests
that there are, and to the equations that the third text numbers.
"""

import sys

import numpy as np
import pytest
import sympy
from problems import NETWORKS, Problem, name, problem, relative

from shapecheck_bp import Layer, Network, column, dimension_check, flip, row
from shapecheck_bp.derivations import design_matrix, layers, tensors
from shapecheck_bp.derivations.dimensions import dA_item_by_item, z_item_by_item
from shapecheck_bp.derivations.parts import G_PRIME, LOSS, LOSS_PRIME, G, delta, sigmoid, softmax

TABLE = [
    # text, place, equation or shape, test
    ("layers", "Simple network", "z = w X + b, a = 1 / (1 + e^-z)", "logistic_forward"),
    ("layers", "Simple network", "L = -y log ŷ - (1 - y) log(1 - ŷ)", "log_loss"),
    ("layers", "Simple network", "dL/dw = dL/da da/dz dz/dw = (a - y) xᵀ", "logistic_point"),
    ("layers", "Simple network", "dL/db = a - y", "logistic_point"),
    ("layers", "Simple network", "g = (a - y) Xᵀ, divided by n", "logistic_average"),
    ("layers", "single data point", "z[1], a[1], z[2], a[2], ŷ", "two_layers_forward"),
    ("layers", "single data point", "w[1] (2, 3), w[2] (1, 2)", "two_layers_forward"),
    ("layers", "single data point", "z[1] (2, n), z[2] (1, n)", "two_layers_forward"),
    ("layers", "single data point", "a[1] = w[1] X, a[2] = w[2] a[1]", "jacobian_one_point"),
    ("layers", "single data point", "J a[2](w[1]_a) by the chain rule", "jacobian_one_point"),
    ("layers", "single data point", "(1, 2) × (2, 3) = (1, 3)", "jacobian_one_point"),
    ("layers", "single data point", "J a[2](a[1]) = w[2]", "jacobian_one_point"),
    ("layers", "single data point", "J a[1](w[1]_a) = [xᵀ; 0]", "jacobian_one_point"),
    ("layers", "single data point", "J a[2](w[1]_a) = w[2]_1 xᵀ, and b", "jacobian_one_point"),
    ("layers", "single data point", "J a[2](w[1]) = w[2]ᵀ xᵀ, as w[1]", "jacobian_stacked"),
    ("layers", "multiple data points", "J a[2](w[1]_a) = Σ over routes", "jacobian_all_points"),
    ("layers", "multiple data points", "J a[2](a[1]_1), (n, 2)", "one_route"),
    ("layers", "multiple data points", "J a[1]_1(w[1]_a), (2, 3)", "one_route"),
    ("layers", "multiple data points", "(n, 2) by (2, 3) is (n, 3)", "one_route"),
    ("layers", "multiple data points", "a[1]_1 = [w_a x_1, w_b x_1]ᵀ", "one_route"),
    ("layers", "multiple data points", "J a[2](w[1]_a) = w[2]_1 Xᵀ, and b", "jacobian_all_points"),
    ("layers", "Loss and activation", "J L(a) = diag(∂L/∂a_i)", "diagonal_jacobians"),
    ("layers", "Loss and activation", "J σ(z) = diag(∂σ/∂z_i)", "diagonal_jacobians"),
    ("layers", "Loss and activation", "their product is diag(a - y)", "diagonal_jacobians"),
    ("layers", "Loss and activation", "(n, n) by (n, d); (n, 1) fattened", "fattened"),
    ("layers", "Optimised calculations", "(a[2] - y) a[1]ᵀ, Σ_i for each q", "last_layer_sum"),
    ("layers", "Optimised calculations", "(1, n) by (n, 2)", "last_layer_sum"),
    ("layers", "Optimised calculations", "(a, b) by (b, c): sums along b", "last_layer_sum"),
    (
        "layers",
        "Optimised calculations",
        "weights (1, q), layer input (d, n)",
        "loop_and_outer_product",
    ),
    ("layers", "multiple data points", "the average of the points first", "averages_come_last"),
    ("layers", "Optimised calculations", "the for loop over q", "loop_and_outer_product"),
    ("layers", "Optimised calculations", "w[2]ᵀ (a[2] - y), (q, n)", "loop_and_outer_product"),
    ("layers", "Optimised calculations", "(w[2]ᵀ (a[2] - y)) Xᵀ", "loop_and_outer_product"),
    ("layers", "Optimised calculations", "((2,1)×(1,n))×(n,3) = (2,3)", "loop_and_outer_product"),
    ("layers", "Optimised calculations", "M = (w[2]ᵀ (a - y)) ∘ σ'(z[1])", "with_activations"),
    ("layers", "Optimised calculations", "M' = w[1]ᵀ (w[2]ᵀ (a[2] - y))", "a_layer_below"),
    ("layers", "Putting it all together", "ŷ, L, dL: (1, n)", "the_algorithm"),
    ("layers", "Putting it all together", "C = M ∘ dA", "the_algorithm"),
    ("layers", "Putting it all together", "dW = (1/n) C a[i-1]ᵀ", "the_algorithm"),
    ("layers", "Putting it all together", "M = w[i]ᵀ C", "the_algorithm"),
    ("layers", "Putting it all together", "the biases, left to the reader", "the_algorithm"),
    ("layers", "Putting it all together", "the w of M is the old one", "the_old_weights"),
    ("design matrix", "Design matrix", "X, 1000 × 3", "students"),
    ("design matrix", "Linear step", "Z[1] = X W[1] + b[1]", "students"),
    ("design matrix", "Linear step", "W[1] k × n_1, n_1 = 2", "students"),
    ("design matrix", "Linear step", "m × n_1 bias units", "bias_units"),
    ("design matrix", "Linear step", "m = 1: z[1](1) is 1 × n_1", "one_student"),
    ("design matrix", "Linear step", "Z[1]_11, Z[1]_12", "one_student"),
    ("design matrix", "Linear step", "one node: a scalar, the Perceptron", "one_student"),
    ("design matrix", "Linear step", "Zᵀ = Wᵀ Xᵀ", "one_student"),
    ("design matrix", "Non-linear step", "A[1] = σ(Z[1]), m × n_1", "students"),
    ("design matrix", "Linear step", "Z[2] = A[1] W[2] + b[2], W[2] n_1 × n_2", "students"),
    ("design matrix", "Linear step", "dim(W[l]) = (n_(l-1), n_l)", "students"),
    ("design matrix", "Non-linear step", "A[2] = σ(Z[2]), m × n_2; W[3] n_2 × n_3", "students"),
    ("design matrix", "Generic forward", "Z[l+1] = A[l] W[l+1] + b[l+1]", "generic_forward"),
    ("design matrix", "Generic forward", "Z[i, j] = Σ_k A[i, k] W[k, j] + b[j]", "generic_forward"),
    ("design matrix", "Generic forward", "Z[3](4)_2", "generic_forward"),
    ("design matrix", "Linear step", "1 × n_l or m × n_l", "one_student"),
    ("design matrix", "Cost function", "J = (1/m) Σ_i L(i)", "cost_is_a_mean"),
    ("design matrix", "Cost function", "∂J/∂W_jk = (1/m) Σ_i ∂L(i)/∂W_jk", "cost_is_a_mean"),
    ("design matrix", "Chain rule", "dW_jk = Σ_p dZ_p Σ_q A_q δ_qj δ_pk", "dW_by_deltas"),
    ("design matrix", "Chain rule", "δ_ij", "kronecker_delta"),
    ("design matrix", "Chain rule", "dW_jk(i) = dZ_k(i) A_j(i)", "dW_by_deltas"),
    ("design matrix", "Chain rule", "∂J/∂W = (1/m) Aᵀ dZ", "dW_by_deltas"),
    ("design matrix", "Chain rule", "(n_(l-1) × m) (m × n_l) = n_(l-1) × n_l", "dW_by_deltas"),
    ("design matrix", "Chain rule", "∂J/∂Wᵀ = (1/m) dZᵀ A", "dW_by_deltas"),
    ("design matrix", "with respect to Z", "dZ_p = Σ_q dZ_q Σ_r W_rq g'(Z_r) δ_rp", "dZ_by_deltas"),
    ("design matrix", "with respect to Z", "dZ[l] = (dZ[l+1] W[l+1]ᵀ) ∘ g'(Z[l])", "dZ_by_deltas"),
    ("design matrix", "with respect to Z", "(m × n_(l+1)) (n_(l+1) × n_l)", "dZ_by_deltas"),
    ("design matrix", "Linear backwards", "dA_p = Σ_q dZ_q Σ_r W_rq δ_rp", "dA_by_deltas"),
    ("design matrix", "Linear backwards", "dA[l] = dZ[l+1] W[l+1]ᵀ", "dA_by_deltas"),
    ("design matrix", "Activation backwards", "dZ[l] = dA[l] ∘ g'(Z[l])", "activation_backwards"),
    ("design matrix", "Activation backwards", "∂L/∂Z = ∂L/∂A ∂A/∂Z", "activation_backwards"),
    ("design matrix", "Bias terms", "∂J/∂b_p = (1/m) Σ_i Σ_k dZ_k δ_kp", "db_by_deltas"),
    ("design matrix", "Bias terms", "db[l] = (1/m) Σ_i dZ[l](i)", "db_by_deltas"),
    ("design matrix", "Summary", "dW composed of dZ, of dA", "composed"),
    ("design matrix", "Key equations", "dZ, dW, db, dA, examples as rows", "key_equations"),
    ("design matrix", "Key equations", "Z̃ = W̃ X̃ + b̃, all transposed", "key_equations"),
    ("design matrix", "Key equations", "dZ̃, dW̃, db̃, dÃ, examples as columns", "key_equations"),
    ("design matrix", "Back prop steps", "the process, layer by layer", "back_prop_steps"),
    ("design matrix", "Final layer", "L_i = -log(A(i)) Y(i)", "cross_entropy"),
    ("design matrix", "Final layer", "one example: -log A_k", "cross_entropy"),
    ("design matrix", "Final layer", "∂L/∂A = -Y / A", "cross_entropy"),
    ("design matrix", "Final layer", "A = (Ŷ, 1 - Ŷ), Y = (Y, 1 - Y)", "two_classes"),
    ("design matrix", "Final layer", "L = -Y log Ŷ - (1 - Y) log(1 - Ŷ)", "two_classes"),
    ("design matrix", "Final layer", "∂L/∂Ŷ = -Y / Ŷ + (1 - Y) / (1 - Ŷ)", "two_classes"),
    ("tensors", "2", "3, 4 and 2 nodes, f: R³ → R²", "figure_network"),
    ("tensors", "2", "C = (f - λ)²", "squared_difference"),
    ("tensors", "2", "E = Σ_i C", "squared_difference"),
    ("tensors", "2.1", "σ(x) = 1 / (1 + exp(-x)), max(0, x)", "activations"),
    ("tensors", "2.2", "W is N_l × N_(l-1): 2 × 3, b a 2-vector", "scalar_and_vector_view"),
    ("tensors", "2.2", "z_i = Σ_j w_ij a_j + b_i", "scalar_and_vector_view"),
    ("tensors", "2.2", "z = W · a + b", "scalar_and_vector_view"),
    ("tensors", "(1)", "z = φ(z) = W σ(z) + b", "scalar_and_vector_view"),
    ("tensors", "(2)", "f = σ ∘ φ_L ∘ … ∘ φ_2", "figure_network"),
    ("tensors", "3.1", "vector by scalar: N × 1", "shapes_of_derivatives"),
    ("tensors", "3.2", "scalar by vector: 1 × N", "shapes_of_derivatives"),
    ("tensors", "3.3", "vector by vector: N_(l+1) × N_l", "shapes_of_derivatives"),
    ("tensors", "3.4", "scalar by matrix: as the transpose", "shapes_of_derivatives"),
    ("tensors", "(3)", "[δf/δW] · ΔW = Σ Σ δf/δw_ij Δw_ij", "product_with_a_change"),
    ("tensors", "3.5", "vector by matrix: M × N_l × N_(l+1)", "shapes_of_derivatives"),
    ("tensors", "3.5", "[δf/δW] · ΔW, slice by slice", "product_with_a_change"),
    ("tensors", "(4)", "C_l = C ∘ σ ∘ φ_L ∘ … ∘ φ_(l+1)", "cost_from_each_layer"),
    ("tensors", "4.1", "δC/δa = 2 (a - λ)ᵗ, 1 × N_L", "last_helper"),
    ("tensors", "4.1", "[δa/δz] = diag(σ'(z_j)), N_L × N_L", "last_helper"),
    ("tensors", "(5)", "δ^L = δC/δa · diag(σ'(z_j))", "last_helper"),
    ("tensors", "(6)", "δ^l = δ^(l+1) [δz^(l+1)/δz^l]", "helpers"),
    ("tensors", "4.2", "(1 × N_(l+1)) (N_(l+1) × N_l) = 1 × N_l", "helpers"),
    ("tensors", "(7)", "[δz^(l+1)/δz^l] = W^(l+1) [δa^l/δz^l]", "helpers"),
    ("tensors", "4.2", "(N_(l+1) × N_l) (N_l × N_l)", "helpers"),
    ("tensors", "(8)", "[δa^l/δz^l] = diag(σ'(z_j))", "helpers"),
    ("tensors", "(9)", "δ^l = δ^(l+1) W^(l+1) diag(σ'(z_j))", "helpers"),
    ("tensors", "(10)", "[δC/δW] = [δC/δz] · [δz/δW]", "weights_by_tensor"),
    ("tensors", "(11)", "[δC_1/δz^l] = [δC_l/δz^l] = δ^l", "cost_from_each_layer"),
    ("tensors", "4.3", "[δz/δW]_(k,i,j) = I(j=k) a_i", "the_tensor"),
    ("tensors", "4.3", "N_l × (N_(l-1) × N_l)", "the_tensor"),
    ("tensors", "(12)", "Σ_k δ_k I(j=k) a_i = δ_j a_i", "weights_by_tensor"),
    ("tensors", "(13)", "[δC/δW] = a ⊗ δ", "weights_by_tensor"),
    ("tensors", "(14)", "[δC/δb] = [δC/δz] · [δz/δb]", "biases"),
    ("tensors", "4.4", "[δz/δb] is N_l × N_l", "biases"),
    ("tensors", "(15)", "[δC/δb] = δ · I = δ", "biases"),
    ("tensors", "5", "the loop, one example", "the_loop"),
    ("tensors", "5", "how it maps to the conventions", "numerator_layout"),
    ("transpose", "question", "dz[1] = w[2]ᵀ dz[2] * g'(z[1])", "the_question"),
    ("transpose", "Checking dimensions", "W[2] n[2] × n[1], dz[2] n[2] × 1", "dimensions"),
    ("transpose", "Checking dimensions", "dz[1] n[1] × 1, so n[1] × n[2]", "dimensions"),
    ("transpose", "Theory", "∂J/∂a_i = Σ_j ∂J/∂z_j W_ji", "item_by_item"),
    ("transpose", "Theory", "z_j = b_j + Σ_i W_ji a_i", "item_by_item"),
    ("transpose", "comments", "∂J/∂W_ji has no sum over connections", "one_connection"),
]

RANDOM = np.random.default_rng(7)
w1, w2 = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=(1, 2))
b1, b2 = RANDOM.normal(size=(2, 1)), RANDOM.normal(size=(1, 1))
X, y = RANDOM.normal(size=(3, 6)), np.array([[1.0, 0.0, 0.0, 1.0, 1.0, 0.0]])
x, n = X[:, :1], 6
z1 = w1 @ X + b1
a1 = sigmoid(z1)
a2 = sigmoid(w2 @ a1 + b2)
LOGISTIC = Network((3, 1), output="sigmoid")
TWO = Network((3, 2, 1), hidden="sigmoid", output="sigmoid")
PARAMS = (Layer(w1, b1), Layer(w2, b2))


def close(a, b, within=1e-12):
    assert np.shape(a) == np.shape(b)
    np.testing.assert_allclose(a, b, rtol=within, atol=within)


def slopes(f, at):
    """By central differences, with the shape of ``at``."""
    found = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[place] = 1e-6
        found[place] = (f(at + step) - f(at - step)) / 2e-6
    return found


def test_the_table_names_every_test_and_every_test_is_in_it():
    module = sys.modules[__name__]
    named = {f"test_{test}" for *_, test in TABLE}
    about_texts = {one for one in vars(module) if one.startswith("test_")} - ABOUT_ALL
    assert named == about_texts


def test_the_table_has_every_equation_that_a_text_numbers():
    places = [place for text, place, *_ in TABLE if text == "tensors"]
    numbered = [place for place in places if place.startswith("(")]
    assert sorted(numbered, key=lambda place: int(place[1:-1])) == [f"({i})" for i in range(1, 16)]
    assert {text for text, *_ in TABLE} == {"layers", "design matrix", "tensors", "transpose"}


@pytest.mark.parametrize("net", NETWORKS, ids=name)
@pytest.mark.parametrize("derivation", [layers, design_matrix, tensors])
def test_every_derivation_agrees_with_both_conventions(derivation, net):
    here = problem(column, net, m=5)
    if derivation is layers and net.output == "softmax":
        with pytest.raises(ValueError, match="elementwise activations; got softmax"):
            layers.gradients(*here)
        return
    there = flip(here)
    given = there if derivation is design_matrix else here
    found = derivation.gradients(*given)
    as_columns = found if derivation is layers else flip(found)
    for ours, rows, derived in zip(
        column.gradients(*here)[1], flip(row.gradients(*there)[1]), as_columns, strict=True
    ):
        for a, b, c in zip(ours, rows, derived, strict=True):
            assert relative(a, c) < 1e-13
            assert relative(b, c) < 1e-13


ABOUT_ALL = {
    "test_the_table_names_every_test_and_every_test_is_in_it",
    "test_the_table_has_every_equation_that_a_text_numbers",
    "test_every_derivation_agrees_with_both_conventions",
}

# layers


def test_logistic_forward():
    w, b = w1[:1], b1[:1]
    cache = column.forward(LOGISTIC, (Layer(w, b),), X)
    close(cache.Z[0], w @ X + b)
    close(cache.A[1], 1 / (1 + np.exp(-(w @ X + b))))
    assert cache.A[1].shape == (1, n)


def test_log_loss():
    by_hand = -y * np.log(a2) - (1 - y) * np.log(1 - a2)
    close(LOSS["log_loss"](a2, y), by_hand)
    cache = column.forward(TWO, PARAMS, X)
    close(column.cost(TWO, cache, y), by_hand.mean())


def test_logistic_point():
    w, b, target = w1[:1], b1[:1], y[:, :1]
    a = sigmoid(w @ x + b)
    found = layers.logistic_point(w, b, x, target)
    close(found.dW, (a - target) @ x.T)
    close(found.db, a - target)

    def loss(w, b):
        a = sigmoid(w @ x + b)
        return LOSS["log_loss"](a, target).item()

    close(found.dW, slopes(lambda w: loss(w, b), w), 1e-8)
    close(found.db, slopes(lambda b: loss(w, b), b), 1e-8)
    assert found.dW.shape == w.shape


def test_logistic_average():
    w, b = w1[:1], b1[:1]
    a = sigmoid(w @ X + b)
    found = layers.logistic_average(w, b, X, y)
    close(found.dW, (a - y) @ X.T / n)
    _, (ours,) = column.gradients(LOGISTIC, (Layer(w, b),), X, y)
    close(found.dW, ours.dW)
    close(found.db, ours.db)


def test_two_layers_forward():
    cache = column.forward(TWO, PARAMS, X)
    assert [W.shape for W, _ in PARAMS] == [(2, 3), (1, 2)]
    assert [Z.shape for Z in cache.Z] == [(2, n), (1, n)]
    close(cache.Z[0], z1)
    close(cache.A[1], a1)
    close(cache.A[2], a2)
    Z, A = layers.forward(TWO, PARAMS, X)
    close(Z[1], cache.Z[1])
    close(A[2], cache.A[2])


def test_jacobian_one_point():
    for place in (0, 1):
        by_a1 = layers.jacobian_a2_by_a1(w2)
        by_row = layers.jacobian_a1_by_row(x, place, 2)
        assert (by_a1.shape, by_row.shape) == ((1, 2), (2, 3))
        close(by_row[place], x[:, 0])
        assert not by_row[1 - place].any()
        whole = layers.jacobian_one_point(w2, x, place)
        assert whole.shape == (1, 3)
        close(whole, w2[0, place] * x.T)
        close(by_a1, w2)
        linear = slopes(lambda w: (w2 @ w @ x).item(), w1)
        close(whole[0], linear[place], 1e-8)


def test_jacobian_stacked():
    found = layers.jacobian_stacked(w2, x)
    assert found.shape == w1.shape
    close(found, w2.T @ x.T)
    close(found, slopes(lambda w: (w2 @ w @ x).item(), w1), 1e-8)


def test_one_route():
    by_a1, by_row = layers.route(w2, X, 0, 0)
    assert (by_a1.shape, by_row.shape, (by_a1 @ by_row).shape) == ((n, 2), (2, 3), (n, 3))
    close(by_a1[0], w2[0])
    assert not by_a1[1:].any()
    first = w1 @ x
    close(first, np.array([[(w1[0] @ x).item()], [(w1[1] @ x).item()]]))


def test_jacobian_all_points():
    for place in (0, 1):
        found = layers.jacobian_all_points(w2, X, place)
        close(found, w2[0, place] * X.T)
        by_slopes = [slopes(lambda w, i=i: (w2 @ w @ X)[0, i], w1)[place] for i in range(n)]
        close(found, np.array(by_slopes), 1e-8)


def test_diagonal_jacobians():
    z = w2 @ a1 + b2
    JL = layers.jacobian_of_elementwise(LOSS_PRIME["log_loss"](a2, y))
    Jsigma = layers.jacobian_of_elementwise(G_PRIME["sigmoid"](z))
    assert JL.shape == Jsigma.shape == (n, n)
    close(JL @ Jsigma, np.diag((a2 - y)[0]))
    for J, f, at in (
        (JL, lambda a: LOSS["log_loss"](a, y), a2),
        (Jsigma, sigmoid, z),
        (layers.jacobian_of_elementwise(a2 - y), lambda a: (a - y) ** 2 / 2, a2),
        (layers.jacobian_of_elementwise(2 * (a2 - y)), lambda a: LOSS["squared_error"](a, y), a2),
    ):
        by_slopes = [slopes(lambda at, i=i, f=f: f(at)[0, i], at)[0] for i in range(n)]
        close(J, np.array(by_slopes), 1e-6)


def test_fattened():
    J, column_ = layers.jacobian_all_points(w2, X, 0), (a2 - y).T
    assert (J.shape, column_.shape) == ((n, 3), (n, 1))
    close(layers.fattened(column_, J), np.diag((a2 - y)[0]) @ J)


def test_last_layer_sum():
    found = layers.last_layer_sum(a2 - y, a1)
    close(found, (a2 - y) @ a1.T)
    _, grads = column.gradients(TWO, PARAMS, X, y)
    close(found / n, grads[1].dW)
    assert (a2 - y).shape == (1, n)
    assert a1.T.shape == (n, 2)


def test_loop_and_outer_product():
    loop = layers.first_layer_loop(w2, a2 - y, X)
    outer = layers.first_layer_outer(w2, a2 - y, X)
    close(loop, outer)
    assert (w2.T @ (a2 - y)).shape == (2, n)
    assert outer.shape == (2, 3)
    for q in range(2):
        close(outer[q], w2[0, q] * sum((a2 - y)[0, i] * X[:, i] for i in range(n)))


def test_averages_come_last():
    """The text's shortcut, the average of the points and then the loop, forgets the losses."""
    right = layers.first_layer_loop(w2, a2 - y, X)
    shortcut = np.mean(a2 - y) * layers.first_layer_loop(w2, np.ones((1, n)), X)
    assert relative(shortcut, right) > 0.1
    same_losses = layers.first_layer_loop(w2, np.full((1, n), 0.3), X)
    close(0.3 * layers.first_layer_loop(w2, np.ones((1, n)), X), same_losses)


def test_with_activations():
    M = (w2.T @ (a2 - y)) * G_PRIME["sigmoid"](z1)
    _, grads = column.gradients(TWO, PARAMS, X, y)
    close(M @ X.T / n, grads[0].dW)


def test_a_layer_below():
    """Layer zero, with 4 inputs: the loss's part and the weights of the layers above."""
    net = Network((4, 3, 2, 1), hidden="identity", output="sigmoid")
    w0, inputs = RANDOM.normal(size=(3, 4)), RANDOM.normal(size=(4, n))
    params = (Layer(w0, np.zeros((3, 1))), Layer(w1, b1), Layer(w2, b2))
    _, grads = column.gradients(net, params, inputs, y)
    a = column.forward(net, params, inputs).A[-1]
    M = w1.T @ (w2.T @ (a - y))
    close(M @ inputs.T / n, grads[0].dW)


def test_the_algorithm():
    found = layers.gradients(TWO, PARAMS, X, y)
    _, ours = column.gradients(TWO, PARAMS, X, y)
    dL = LOSS_PRIME["log_loss"](a2, y)
    assert dL.shape == a2.shape == LOSS["log_loss"](a2, y).shape == (1, n)
    for (dW, db), (dW_ours, db_ours), (W, b) in zip(found, ours, PARAMS, strict=True):
        close(dW, dW_ours)
        close(db, db_ours)
        assert (dW.shape, db.shape) == (W.shape, b.shape)

    def cost(place, theta):
        flat = [w1, b1, w2, b2]
        flat[place] = theta
        params = (Layer(*flat[:2]), Layer(*flat[2:]))
        return float(column.cost(TWO, column.forward(TWO, params, X), y))

    for place, derived in enumerate(one for grad in found for one in grad):
        theta = [w1, b1, w2, b2][place]
        close(derived, slopes(lambda theta, place=place: cost(place, theta), theta), 1e-8)


def test_the_old_weights():
    """M through weights that were adjusted already is another gradient."""
    right = layers.gradients(TWO, PARAMS, X, y)[0].dW
    C = (a2 - y) / n
    stepped = w2 - 0.5 * (C @ a1.T)
    wrong = ((stepped.T @ C) * G_PRIME["sigmoid"](z1)) @ X.T
    close(((w2.T @ C) * G_PRIME["sigmoid"](z1)) @ X.T, right)
    assert relative(wrong, right) > 0.01


# design matrix

STUDENTS = RANDOM.normal(size=(1000, 3))
NET = Network((3, 2, 4, 1), hidden="tanh", output="sigmoid")
ROWS = flip(problem(column, NET, m=5))


def test_students():
    params = ROWS.params
    cache = row.forward(NET, params, STUDENTS)
    assert STUDENTS.shape == (1000, 3)
    assert [W.shape for W, _ in params] == [(3, 2), (2, 4), (4, 1)]
    assert [Z.shape for Z in cache.Z] == [(1000, 2), (1000, 4), (1000, 1)]
    assert [A.shape for A in cache.A] == [(1000, 3), (1000, 2), (1000, 4), (1000, 1)]
    close(cache.Z[0], STUDENTS @ params[0].W + params[0].b)
    close(cache.A[1], np.tanh(cache.Z[0]))
    close(cache.Z[1], cache.A[1] @ params[1].W + params[1].b)
    close(cache.A[2], np.tanh(cache.Z[1]))


def test_bias_units():
    b = ROWS.params[0].b
    units = design_matrix.bias_for_every_example(b, 1000)
    assert units.shape == (1000, 2)
    W = ROWS.params[0].W
    close(STUDENTS @ W + units, row.linear_forward(STUDENTS, W, b))


def test_one_student():
    W, b = ROWS.params[0]
    Z = row.linear_forward(STUDENTS, W, b)
    first = row.linear_forward(STUDENTS[:1], W, b)
    assert first.shape == (1, 2)
    close(first, Z[:1])
    for node in (0, 1):
        close(Z[0, node], STUDENTS[0] @ W[:, node] + b[0, node])
    assert row.linear_forward(STUDENTS[:1], W[:, :1], b[:, :1]).shape == (1, 1)
    close(Z.T, column.linear_forward(STUDENTS.T, W.T, b.T))


def test_generic_forward():
    W, b = ROWS.params[0]
    sums = design_matrix.linear_forward(ROWS.X, W, b)
    close(sums, row.linear_forward(ROWS.X, W, b))
    close(sums, ROWS.X @ W + b)
    cache = row.forward(NET, ROWS.params, ROWS.X)
    third = ROWS.params[2]
    node = sum(cache.A[2][3, k] * third.W[k, 0] for k in range(4)) + third.b[0, 0]
    close(cache.Z[2][3, 0], node)  # the third layer's node, fed with example 4


def test_cost_is_a_mean():
    J, grads = row.gradients(*ROWS)
    alone = [
        row.gradients(NET, ROWS.params, ROWS.X[i : i + 1], ROWS.Y[i : i + 1]) for i in range(5)
    ]
    close(J, np.mean([one for one, _ in alone]))
    for layer, grad in enumerate(grads):
        close(grad.dW, np.mean([one[layer].dW for _, one in alone], axis=0))


def test_kronecker_delta():
    assert [[delta(i, j) for j in range(3)] for i in range(3)] == np.eye(3).tolist()


A, Z, DZ, W = (RANDOM.normal(size=shape) for shape in ((5, 3), (5, 3), (5, 2), (3, 2)))


def test_dW_by_deltas():
    for i in range(5):
        close(design_matrix.dW_of_example(DZ, A, i), np.outer(A[i], DZ[i]))
    found = design_matrix.dW(DZ, A)
    assert found.shape == (3, 2)
    close(found, A.T @ DZ / 5)
    close(found, row.weights_backward(DZ, A).dW)
    close(found.T, DZ.T @ A / 5)
    close(found.T, column.weights_backward(DZ.T, A.T).dW)


def test_dZ_by_deltas():
    found = design_matrix.dZ(DZ, W, Z, "tanh")
    assert found.shape == Z.shape == (5, 3)
    close(found, (DZ @ W.T) * G_PRIME["tanh"](Z))
    dA = row.linear_backward(DZ, A, W)[0]
    close(found, row.activation_backward(dA, Z, "tanh"))


def test_dA_by_deltas():
    found = design_matrix.dA(DZ, W)
    close(found, DZ @ W.T)
    close(found, row.linear_backward(DZ, A, W)[0])


@pytest.mark.parametrize("activation", [*G, "softmax"])
def test_activation_backwards(activation):
    found = design_matrix.activation_backward(A, Z, activation)
    close(found, row.activation_backward(A, Z, activation))
    if activation != "softmax":
        close(found, A * G_PRIME[activation](Z))


def test_db_by_deltas():
    found = design_matrix.db(DZ)
    close(found, DZ.sum(axis=0, keepdims=True) / 5)
    close(found, row.weights_backward(DZ, A).db)


def test_composed():
    dA = design_matrix.dA(DZ, W)
    before = RANDOM.normal(size=(5, 4))
    dZ = design_matrix.dZ(DZ, W, Z, "tanh")
    composed = before.T @ ((DZ @ W.T) * G_PRIME["tanh"](Z)) / 5
    close(design_matrix.dW(dZ, before), composed)
    close(before.T @ (dA * G_PRIME["tanh"](Z)) / 5, composed)
    assert composed.shape == (4, 3)


def test_key_equations():
    dA = design_matrix.dA(DZ, W)
    for bp, (dA_, Z_, dZ_, A_, W_) in (
        (row, (dA, Z, DZ, A, W)),
        (column, flip((dA, Z, DZ, A, W))),
    ):
        turned = (lambda a: a) if bp is row else flip
        close(turned(bp.activation_backward(dA_, Z_, "tanh")), dA * G_PRIME["tanh"](Z))
        dA_prev, dW, db = bp.linear_backward(dZ_, A_, W_)
        close(turned(dW), design_matrix.dW(DZ, A))
        close(turned(db), design_matrix.db(DZ))
        close(turned(dA_prev), dA)
    b = np.ones((1, 2))
    close(column.linear_forward(A.T, W.T, b.T), row.linear_forward(A, W, b).T)


def test_back_prop_steps():
    found = design_matrix.gradients(*ROWS)
    for derived, ours in zip(found, row.gradients(*ROWS)[1], strict=True):
        close(derived.dW, ours.dW)
        close(derived.db, ours.db)


def test_cross_entropy():
    logits, labels = RANDOM.normal(size=(4, 3)), np.array([2, 0, 1, 0])
    Y = row.one_hot(labels, 3)
    assert Y.shape == (4, 3)  # as A, where the text has n_L × m
    probabilities = row.softmax(logits)
    losses = design_matrix.cross_entropy(probabilities, Y)
    close(losses[:, 0], -np.log(probabilities[np.arange(4), labels]))
    net = Network((3, 3))
    params = (Layer(np.eye(3), np.zeros((1, 3))),)
    close(row.cost(net, row.forward(net, params, logits), Y), losses.mean())
    dA = LOSS_PRIME["cross_entropy"](probabilities, Y)
    close(dA, -Y / probabilities)
    close(row.activation_backward(dA, logits, "softmax"), probabilities - Y)
    by_slopes = slopes(lambda A: design_matrix.cross_entropy(A, Y).sum(), probabilities)
    close(dA, by_slopes, 1e-6)


def test_two_classes():
    y_hat, target = np.array([[0.8], [0.3]]), np.array([[1.0], [0.0]])
    both = design_matrix.two_classes(y_hat)
    close(both, np.array([[0.8, 0.2], [0.3, 0.7]]))
    close(
        design_matrix.cross_entropy(both, design_matrix.two_classes(target)),
        LOSS["log_loss"](y_hat, target),
    )
    found = design_matrix.binary_cross_entropy_prime(y_hat, target)
    close(found, -target / y_hat + (1 - target) / (1 - y_hat))
    close(found, LOSS_PRIME["log_loss"](y_hat, target))
    by_slopes = slopes(lambda p: LOSS["log_loss"](p, target).sum(), y_hat)
    close(found, by_slopes, 1e-7)


# tensors

FIGURE = Network((3, 4, 2), hidden="sigmoid", output="sigmoid", loss="squared_error")
ONE = problem(column, FIGURE, m=1)
TZ, TA = tensors.feed_forward(FIGURE, ONE.params, ONE.X)


def columns(array):
    return [array[:, i : i + 1] for i in range(array.shape[1])]


def test_figure_network():
    assert [z.shape for z in TZ] == [(4, 1), (2, 1)]
    cache = column.forward(FIGURE, ONE.params, ONE.X)
    close(TA[-1], cache.A[-1])
    composed = sigmoid(tensors.phi(ONE.params[1].W, sigmoid(TZ[0]), ONE.params[1].b))
    close(TA[-1], composed)
    assert (ONE.X.shape, TA[-1].shape) == ((3, 1), (2, 1))


def test_squared_difference():
    cost = tensors.cost_from(FIGURE, ONE.params, 2, TZ[0], ONE.Y)
    close(cost, float(((TA[-1] - ONE.Y) ** 2).sum()))
    assert tensors.cost_from(FIGURE, ONE.params, 3, TZ[1], TA[-1]) == 0
    several = problem(column, FIGURE, m=4)
    z, _ = zip(
        *(tensors.feed_forward(FIGURE, several.params, x) for x in columns(several.X)), strict=True
    )
    error = sum(
        tensors.cost_from(FIGURE, several.params, 3, one[-1], target)
        for one, target in zip(z, columns(several.Y), strict=True)
    )
    close(error / 4, float(column.gradients(*several)[0]))


def test_activations():
    grid = np.array([[-2.0, -0.5, 0.5, 2.0]])
    close(G["sigmoid"](grid), 1 / (1 + np.exp(-grid)))
    close(G["relu"](grid), np.maximum(0, grid))
    for activation, g in G.items():
        close(column.activation_forward(grid, activation), g(grid))
        by_slopes = (g(grid + 1e-6) - g(grid - 1e-6)) / 2e-6
        close(G_PRIME[activation](grid), by_slopes, 1e-8)
    close(column.softmax(grid.T), softmax(grid.T))


def test_scalar_and_vector_view():
    W, b, a = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=(2, 1)), RANDOM.normal(size=(3, 1))
    close(tensors.phi(W, a, b), W @ a + b)
    close(tensors.phi(W, a, b), column.linear_forward(a, W, b))
    close(tensors.phi(W, sigmoid(a), b), W @ (1 / (1 + np.exp(-a))) + b)


def test_shapes_of_derivatives():
    """Sections 3.1 to 3.5, from what makes f(z + Δz) ≈ f(z) + [δf/δz] · Δz."""
    W, a = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=(3, 1))
    derivative = tensors.numeric_derivative
    assert derivative(lambda t: W @ a * t, np.array([[0.5]])).shape == (2, 1)
    row_vector = derivative(lambda a: (W @ a).sum(keepdims=True), a)
    assert row_vector.shape == (1, 3)
    jacobian = derivative(lambda a: W @ a, a)
    assert jacobian.shape == (2, 3)
    close(jacobian, W, 1e-8)
    by_matrix = derivative(lambda W: (W @ a).sum(keepdims=True), W)
    assert by_matrix.shape == (3, 2)
    tensor = derivative(lambda W: W @ a, W)
    assert tensor.shape == (2, 3, 2)
    close(tensor, tensors.dz_dW(a, 2), 1e-8)
    B = RANDOM.normal(size=(4, 2))
    tensor = derivative(lambda W: B @ W @ a, W)
    assert tensor.shape == (4, 3, 2)
    close(tensor, np.einsum("kj,i->kij", B, a[:, 0]), 1e-8)


def test_product_with_a_change():
    W, a, change = (
        RANDOM.normal(size=(2, 3)),
        RANDOM.normal(size=(3, 1)),
        RANDOM.normal(size=(2, 3)),
    )
    total = tensors.numeric_derivative(lambda W: (W @ a).sum(keepdims=True), W)
    close(tensors.change_by_matrix(total, change), (change @ a).sum(), 1e-7)
    tensor = tensors.dz_dW(a, 2)
    close(tensors.change_of_vector_by_matrix(tensor, change), change @ a)


def test_cost_from_each_layer():
    """C_1(z¹) = C_2(z²) = C_3(z³), and the slopes of each are its layer's helper gradient."""
    first = RANDOM.normal(size=(3, 1))
    inputs = sigmoid(first)  # the text passes the input through σ
    z, a = tensors.feed_forward(FIGURE, ONE.params, inputs)
    z = [first, *z]
    every = [tensors.cost_from(FIGURE, ONE.params, l, z[l - 1], ONE.Y) for l in (1, 2, 3)]  # noqa: E741
    J = float(column.gradients(FIGURE, ONE.params, inputs, ONE.Y)[0])
    close(np.array(every), np.full(3, J))
    helper = tensors.last_helper(
        tensors.dC_da(a[-1], ONE.Y, FIGURE.loss), tensors.da_dz(z[2], "sigmoid")
    )
    for layer in (3, 2, 1):
        by_slopes = tensors.numeric_derivative(
            lambda at, layer=layer: np.array(
                [[tensors.cost_from(FIGURE, ONE.params, layer, at, ONE.Y)]]
            ),
            z[layer - 1],
        )
        close(helper, by_slopes, 1e-8)
        if layer > 1:
            W, slopes_ = ONE.params[layer - 2].W, tensors.da_dz(z[layer - 2], "sigmoid")
            helper = tensors.helper(helper, W, slopes_)
    with pytest.raises(ValueError, match="^layer: expected 1, the input, to 3; got 0"):
        tensors.cost_from(FIGURE, ONE.params, 0, first, ONE.Y)


def test_last_helper():
    dC = tensors.dC_da(TA[-1], ONE.Y, "squared_error")
    assert dC.shape == (1, 2)
    close(dC, 2 * (TA[-1] - ONE.Y).T)
    slopes_ = tensors.da_dz(TZ[1], "sigmoid")
    close(slopes_, np.diag(G_PRIME["sigmoid"](TZ[1])[:, 0]))
    found = tensors.last_helper(dC, slopes_)
    close(found, dC * G_PRIME["sigmoid"](TZ[1]).T)
    close(found.T, column.activation_backward(dC.T, TZ[1], "sigmoid"))
    softmax_ = tensors.da_dz(TZ[1], "softmax")
    close(tensors.last_helper(dC, softmax_).T, column.activation_backward(dC.T, TZ[1], "softmax"))


def test_helpers():
    W = ONE.params[1].W
    slopes_ = tensors.da_dz(TZ[0], "sigmoid")
    jacobian = tensors.dz_dz(W, slopes_)
    assert jacobian.shape == W.shape == (2, 4)
    by_slopes = tensors.numeric_derivative(
        lambda z: tensors.phi(W, sigmoid(z), ONE.params[1].b), TZ[0]
    )
    close(jacobian, by_slopes, 1e-8)
    delta_3 = RANDOM.normal(size=(1, 2))
    found = tensors.helper(delta_3, W, slopes_)
    assert found.shape == (1, 4)
    close(found, delta_3 @ W @ np.diag(G_PRIME["sigmoid"](TZ[0])[:, 0]))
    dA = column.linear_backward(delta_3.T, TA[1], W)[0]
    close(found.T, column.activation_backward(dA, TZ[0], "sigmoid"))


def test_the_tensor():
    tensor = tensors.dz_dW(TA[1], 2)
    assert tensor.shape == (2, 4, 2)
    for k, i, j in np.ndindex(tensor.shape):
        assert tensor[k, i, j] == (TA[1][i, 0] if j == k else 0)


def test_weights_by_tensor():
    delta_3 = RANDOM.normal(size=(1, 2))
    found = tensors.dC_dW(delta_3, tensors.dz_dW(TA[1], 2))
    assert found.shape == ONE.params[1].W.T.shape
    close(found, tensors.outer(TA[1], delta_3))
    close(found, np.outer(TA[1], delta_3))
    close(found.T, column.weights_backward(delta_3.T, TA[1]).dW)


def test_biases():
    delta_3 = RANDOM.normal(size=(1, 2))
    close(tensors.dC_db(delta_3), delta_3)
    W, b = ONE.params[1]
    identity = tensors.numeric_derivative(lambda b: tensors.phi(W, TA[1], b), b)
    close(identity, np.eye(2), 1e-8)
    close(delta_3.T, column.weights_backward(delta_3.T, TA[1]).db)


def test_the_loop():
    found = tensors.example_gradients(FIGURE, ONE.params, ONE.X, ONE.Y)
    for place, (derived, layer) in enumerate(zip(found, ONE.params, strict=True)):
        for by, theta in zip(derived, layer, strict=True):

            def cost(theta, place=place, layer=layer, old=theta):
                moved = Layer(*(theta if one is old else one for one in layer))
                params = (*ONE.params[:place], moved, *ONE.params[place + 1 :])
                return float(column.cost(FIGURE, column.forward(FIGURE, params, ONE.X), ONE.Y))

            close(by.T, slopes(cost, theta), 1e-8)


def test_numerator_layout():
    several: Problem = problem(column, FIGURE, m=6)
    found = tensors.gradients(*several)
    for theirs, ours, rows in zip(
        found, flip(column.gradients(*several)[1]), row.gradients(*flip(several))[1], strict=True
    ):
        for a, b, c in zip(theirs, ours, rows, strict=True):
            close(a, b)
            close(a, c)
    assert [(dW.shape, db.shape) for dW, db in found] == [((3, 4), (1, 4)), ((4, 2), (1, 2))]


# transpose


def test_the_question():
    dz2, W2 = RANDOM.normal(size=(2, 1)), RANDOM.normal(size=(2, 4))
    dz1 = (W2.T @ dz2) * G_PRIME["tanh"](TZ[0])
    dA = column.linear_backward(dz2, TA[1], W2)[0]
    close(column.activation_backward(dA, TZ[0], "tanh"), dz1)


def test_dimensions():
    n1, n2, m = sympy.symbols("n_1 n_2 m", integer=True, positive=True)
    assert dimension_check((2, 7), have={"W2": (1, 2), "dZ2": (1, 7), "X": (3, 7)}) == [
        "W2.T @ dZ2"
    ]
    assert dimension_check((n1, 1), have={"W2": (n2, n1), "dz2": (n2, 1)}) == ["W2.T @ dz2"]
    assert dimension_check((n1, m), have={"W2": (n2, n1), "dZ2": (n2, m)}) == ["W2.T @ dZ2"]
    arrays = {"W2": np.ones((1, 2)), "dZ2": np.ones((1, 7))}
    assert dimension_check((2, 7), have=arrays) == ["W2.T @ dZ2"]
    square = dimension_check((4, 7), have={"W2": (4, 4), "dZ2": (4, 7)})
    assert square == ["W2 @ dZ2", "W2.T @ dZ2"]
    assert dimension_check((5, 5), have={"W2": (1, 2)}) == []
    for wanted, have, message in (
        ((2, 7), {"b": (3,)}, r"^b: expected the shape of a matrix, such as \(2, 7\); got \(3,\)"),
        ((2,), {"W2": (1, 2)}, "^wanted: expected the shape of a matrix"),
        ((2, 7), {"W2": "12"}, "^W2: expected the shape of a matrix"),
    ):
        with pytest.raises(ValueError, match=message):
            dimension_check(wanted, have=have)


def test_item_by_item():
    W2, a, b, dz = (RANDOM.normal(size=shape) for shape in ((3, 2), (2, 1), (3, 1), (3, 1)))
    close(z_item_by_item(a, W2, b), column.linear_forward(a, W2, b))
    close(dA_item_by_item(dz, W2), W2.T @ dz)
    close(dA_item_by_item(dz, W2), column.linear_backward(dz, a, W2)[0])
    square = RANDOM.normal(size=(3, 3))
    right = dA_item_by_item(dz, square)
    fits = {"W @ dz": square @ dz, "W.T @ dz": square.T @ dz}
    assert set(dimension_check((3, 1), have={"W": square, "dz": dz})) == set(fits)
    assert [one for one, product in fits.items() if np.allclose(product, right)] == ["W.T @ dz"]


def test_one_connection():
    """Each W_ji joins one a to one z, so that its derivative is one product."""
    W2, a, dz = (RANDOM.normal(size=shape) for shape in ((3, 2), (2, 1), (3, 1)))
    found = column.weights_backward(dz, a).dW
    for j, i in np.ndindex(W2.shape):
        close(found[j, i], dz[j, 0] * a[i, 0])
