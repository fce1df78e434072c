import pytest

from clusterpanel.designs.design import design
from clusterpanel.errors import SpecError
from clusterpanel.spec.design import DesignSpec


def test_words_are_those_of_the_study_file() -> None:
    wanted = design(comparison="within", outcome="log_wage", exposure="in_cluster", absorb=["year"])
    assert wanted == DesignSpec(
        name="design", comparison="within", outcome="log_wage", exposure="in_cluster", absorb=("year",)
    )


def test_every_fault_comes_at_once_and_in_our_words() -> None:
    with pytest.raises(SpecError) as raised:
        design(comparison="withn", outcom="log_wage", vcov={"CRV9": "firm_id"})
    places = {fault.where.split(".")[0]: fault for fault in raised.value.faults}
    assert set(places) == {"comparison", "outcome", "exposure", "outcom", "vcov"}
    assert 'Did you mean "outcome"?' in places["outcom"].hint
    assert "pooled" in places["comparison"].allowed
    assert raised.value.exit_code == 78
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
