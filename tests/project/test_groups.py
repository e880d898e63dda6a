import pytest


@pytest.mark.xdist_group("groups")
def test_a_group_is_told_to_what_shares_the_tests_out(request):
    """By what stands after the @; where it is not told, nothing fails, and all takes longer."""
    in_a_worker = hasattr(request.config, "workerinput")
    assert request.node.nodeid.endswith("@groups") == in_a_worker
