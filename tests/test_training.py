import io
import sys

import numpy as np
import pytest
from problems import problem, relative

from shapecheck_bp import Network, ShapeError, column, fit, flip, row

NET = Network((5, 4, 3), hidden="tanh")
SETTINGS = {"epochs": 3, "batch_size": 4, "learning_rate": 0.1}


def test_the_same_run_in_both_conventions():
    here = problem(column, NET, m=10)
    params, costs = fit(column, *here, **SETTINGS)
    params2, costs2 = fit(row, *flip(here), **SETTINGS)
    assert np.allclose(costs, costs2, rtol=1e-13)
    for layer, layer2 in zip(flip(params), params2, strict=True):
        assert relative(layer2.W, layer.W) < 1e-13
        assert relative(layer2.b, layer.b) < 1e-13


def test_one_full_batch_is_one_step_of_gradient_descent(bp, small):
    J, grads = bp.gradients(*small)
    params, costs = fit(bp, *small, epochs=1, batch_size=7, learning_rate=0.5)
    assert np.isclose(costs[0], J, rtol=1e-14)
    for new, old, grad in zip(params, small.params, grads, strict=True):
        np.testing.assert_allclose(new.W, old.W - 0.5 * grad.dW, rtol=1e-13)
        np.testing.assert_allclose(new.b, old.b - 0.5 * grad.db, rtol=1e-13)


def test_every_example_is_used_once_an_epoch(bp, small, monkeypatch):
    seen = []
    gradients = bp.gradients

    def spy(net, params, X, Y):
        seen.append(X)
        return gradients(net, params, X, Y)

    monkeypatch.setattr(bp, "gradients", spy)
    fit(bp, *small, epochs=1, batch_size=3, learning_rate=0.1)
    axis = bp.EXAMPLES_AXIS
    assert [X.shape[axis] for X in seen] == [3, 3, 1]
    used, given = (np.moveaxis(X, axis, 0) for X in (np.concat(seen, axis), small.X))
    assert not np.array_equal(used, given), "in another order"
    assert np.array_equal(np.sort(used, axis=0), np.sort(given, axis=0))


def test_seeds(bp, small):
    runs = [fit(bp, *small, **SETTINGS, seed=seed).costs for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]


def test_no_epochs_give_the_parameters_back(bp, small):
    assert fit(bp, *small, epochs=0, batch_size=1, learning_rate=1) == (small.params, ())


def test_no_epochs_do_not_let_parameters_pass_that_do_not_fit(bp, small):
    for wrong in (None, small.params[:1], flip(small.params), list(small.params)):
        with pytest.raises(ShapeError, match="params"):
            fit(bp, *small._replace(params=wrong), epochs=0, batch_size=1, learning_rate=1)


def test_the_arguments_are_not_changed(bp, small):
    before = [array.copy() for layer in small.params for array in layer]
    fit(bp, *small, **SETTINGS)
    after = [array for layer in small.params for array in layer]
    assert all(map(np.array_equal, before, after))


def test_it_learns(bp, small):
    costs = fit(bp, *small, epochs=200, batch_size=7, learning_rate=0.5).costs
    assert costs[-1] < 0.05 < costs[0]


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("epochs", -1, "epochs: expected a whole number from 0 up; got -1"),
        ("epochs", 1.5, "epochs: expected a whole number from 0 up; got 1.5"),
        ("batch_size", 0, "batch_size: expected a whole number from 1 up; got 0"),
        ("learning_rate", 0, "learning_rate: expected a number above 0; got 0"),
        ("learning_rate", float("nan"), "learning_rate: expected a number above 0; got nan"),
        ("learning_rate", "0.1", "learning_rate: expected a number above 0; got '0.1'"),
        ("seed", -1, "seed: expected a whole number from 0 up; got -1"),
    ],
)
def test_settings_out_of_range(bp, small, setting, value, message):
    with pytest.raises(ValueError, match=message):
        fit(bp, *small, **{**SETTINGS, setting: value})


def test_something_else_for_a_convention(small):
    with pytest.raises(
        ValueError, match=r"bp: expected shapecheck_bp\.column or shapecheck_bp\.row"
    ):
        fit("column", *small, **SETTINGS)


@pytest.mark.parametrize("fault", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["X", "Y"])
def test_values_that_are_no_numbers(bp, small, fault, name):
    array = getattr(small, name).copy()
    array[2, 1] = fault
    message = rf"{name}: expected finite numbers; 1 of {array.size} .*, the first at {name}\[2, 1\]"
    with pytest.raises(ValueError, match=message):
        fit(bp, *small._replace(**{name: array}), **SETTINGS)


def test_targets_that_do_not_sum_to_one(bp, small):
    Y = small.Y * 1.0
    example = [slice(None)] * 2
    example[bp.EXAMPLES_AXIS] = 3
    Y[tuple(example)] *= 0.5
    message = "targets to sum to 1 under cross_entropy; those of example 3 sum to 0.5"
    with pytest.raises(ValueError, match=message):
        fit(bp, *small._replace(Y=Y), **SETTINGS)


@pytest.mark.parametrize("loss", ["cross_entropy", "log_loss"])
def test_targets_outside_zero_to_one(bp, loss):
    net = Network((5, 3), output="softmax" if loss == "cross_entropy" else "sigmoid")
    given = problem(bp, net, m=4)
    with pytest.raises(ValueError, match=f"Y: expected targets from 0 to 1 under {loss}"):
        fit(bp, *given._replace(Y=2 * given.Y), **SETTINGS)


def test_targets_that_were_float32_before(bp, small):
    Y = np.random.default_rng(0).dirichlet(np.ones(3), size=7).astype("float32").astype("float64")
    fit(bp, *small._replace(Y=Y.T if bp is column else Y), **SETTINGS)


def test_soft_targets_and_any_targets_of_squared_error_are_taken(bp, small):
    n = NET.sizes[-1]
    fit(bp, *small._replace(Y=0 * small.Y + 1 / n), **SETTINGS)
    fit(bp, *problem(bp, Network((5, 3), output="identity"), m=4), **SETTINGS)


def test_a_cost_that_grows_past_all_numbers(bp):
    net = Network((5, 4, 3), hidden="identity", output="identity")
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(ValueError, match="learning_rate: with 100.0 the cost is (nan|inf) in epoch"),
    ):
        fit(bp, *problem(bp, net, m=4), epochs=500, batch_size=4, learning_rate=100.0)


def test_a_transposed_X_is_refused(bp, small):
    with pytest.raises(ShapeError, match=r"X does not fit, and X\.T would"):
        fit(bp, *small._replace(X=small.X.T), **SETTINGS)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal_and_nothing_elsewhere(bp, small, monkeypatch, capsys):
    fit(bp, *small, **SETTINGS)
    assert capsys.readouterr() == ("", "")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    fit(bp, *small, **SETTINGS)
    assert "training" in terminal.getvalue()
