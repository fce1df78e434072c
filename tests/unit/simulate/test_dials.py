import pytest

from clusterpanel.errors import SpecError
from clusterpanel.simulate.dials import Dials


def test_all_faulty_dials_are_named_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        Dials(sorting=2.0, movers=-0.1, regions=0, firm_years=1_000.5)  # type: ignore[arg-type]
    assert {fault.where for fault in caught.value.faults} == {"sorting", "movers", "regions", "firm_years"}
    assert "a number from -0.95 to 0.95" in str(caught.value)


def test_years_do_not_run_backwards() -> None:
    with pytest.raises(SpecError, match="more than 2010"):
        Dials(first_year=2010, last_year=2010)


def test_a_year_that_is_text_is_a_fault_and_not_compared() -> None:
    with pytest.raises(SpecError, match="last_year: came '2019'"):
        Dials(last_year="2019")  # type: ignore[arg-type]


def test_a_dial_is_no_truth_value() -> None:
    with pytest.raises(SpecError, match="regions"):
        Dials(regions=True)


@pytest.mark.parametrize(
    ("dials", "industries"),
    [
        (Dials(), 12),
        (Dials(firm_years=500), 2),
        (Dials(industries=7), 7),
        (Dials(firm_years=100_000_000), 891),
    ],
)
def test_industries_follow_from_the_size_unless_chosen(dials: Dials, industries: int) -> None:
    assert dials.industry_count == industries
