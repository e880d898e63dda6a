import numpy as np
import pytest
from problems import NETWORKS, name, problem

from shapecheck_bp import column, row
from shapecheck_bp.cli import comparison
from shapecheck_bp.cli.comparison import compare_on_digits, shapes_side_by_side
from shapecheck_bp.proof.floating import differences


@pytest.mark.xdist_group("main job")
def test_held_out_accuracy_is_97_percent_in_both_conventions(main_job):
    assert [outcome.convention for outcome in main_job.outcomes] == ["column", "row"]
    assert all(outcome.accuracy >= 0.97 for outcome in main_job.outcomes)
    assert main_job.same_predictions


@pytest.mark.xdist_group("main job")
def test_the_gradients_agree_at_the_start_and_after_training(main_job):
    assert main_job.agree
    for when in (main_job.at_start, main_job.after_training):
        assert [(one.layer, one.quantity) for one in when] == [
            (1, "dW"),
            (1, "db"),
            (2, "dW"),
            (2, "db"),
        ]
        worst = max(when, key=lambda one: one.eps)
        assert worst.bound < 100 * worst.eps


@pytest.mark.xdist_group("main job")
def test_the_costs_are_the_same_and_fall(main_job):
    here, there = (outcome.costs for outcome in main_job.outcomes)
    assert np.allclose(here, there, rtol=1e-10)
    assert here[-1] < here[0] / 10


@pytest.mark.xdist_group("main job")
def test_the_shape_error_is_the_real_one(main_job):
    assert main_job.shape_error.argument == "X"
    assert "Pass X.T, or use shapecheck_bp.row" in main_job.shape_error.suggestion


def test_shapes_side_by_side():
    given = problem(column, NETWORKS[0], m=7)
    shapes = {one.name: one[1:] for one in shapes_side_by_side(*given)}
    assert [*shapes][:5] == ["X", "W1", "b1", "Z1", "A1"]
    assert [*shapes][-1] == "db3"
    assert shapes["X"] == ("(n_0, m)", (5, 7), "(m, n_0)", (7, 5))
    assert shapes["W2"] == ("(n_2, n_1)", (6, 4), "(n_1, n_2)", (4, 6))
    assert shapes["dW2"] == shapes["W2"]
    assert shapes["b3"] == ("(n_3, 1)", (3, 1), "(1, n_3)", (1, 3))
    assert shapes["Y"] == shapes["A3"] == ("(n_3, m)", (3, 7), "(m, n_3)", (7, 3))


@pytest.mark.parametrize("net", NETWORKS, ids=name)
def test_every_network_agrees(net):
    every = differences(column, row, *problem(column, net, m=7))
    assert all(difference.agrees for difference in every)


FAULTS = {
    "dW": lambda grad: grad._replace(dW=grad.dW * (1 + 1e-9)),
    "db": lambda grad: grad._replace(db=-grad.db),
}


@pytest.fixture
def proof_as_found(main_job, monkeypatch):
    """A proof that holds, whatever is to be proved; test_faults.py has what a real one refuses."""
    monkeypatch.setattr(comparison, "prove", lambda *args, **kwargs: main_job.proof)


@pytest.mark.xdist_group("main job")
@pytest.mark.usefixtures("proof_as_found")
@pytest.mark.parametrize("quantity", FAULTS)
@pytest.mark.parametrize("layer", [1, 2])
def test_a_fault_in_one_convention_is_seen_where_it_is(monkeypatch, quantity, layer):
    gradients = row.gradients

    def faulty(*args):
        J, grads = gradients(*args)
        broken = (*grads[: layer - 1], FAULTS[quantity](grads[layer - 1]), *grads[layer:])
        return J, broken

    monkeypatch.setattr(row, "gradients", faulty)
    found = compare_on_digits(epochs=0)
    assert not found.agree
    differ = [(one.layer, one.quantity) for one in found.at_start if not one.agrees]
    assert differ == [(layer, quantity)]


@pytest.mark.xdist_group("main job")
@pytest.mark.usefixtures("proof_as_found")
def test_different_predictions_are_seen(monkeypatch):
    predict = row.predict
    monkeypatch.setattr(row, "predict", lambda *args: 9 - predict(*args))
    found = compare_on_digits(epochs=0)
    assert not found.same_predictions
    assert not found.agree


def test_an_unchecked_column_would_be_noticed(monkeypatch):
    monkeypatch.setattr(column, "gradients", lambda *args: None)
    with pytest.raises(AssertionError, match="took an X that does not fit"):
        comparison._refused(*problem(column, NETWORKS[0], m=7))
