"""The small-sample rule's counts."""

import numpy as np
import pytest

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Codes, ModelArrays, is_nested
from clusterpanel.models.linearised import EffectRows
from clusterpanel.models.vcov.counts import SampleCounts, check_groups, count_sample
from clusterpanel.models.vcov.grouped import group_factor
from clusterpanel.models.vcov.nesting import counted_by


def codes(name: str, values: list[int]) -> Codes:
    return Codes(name, np.array(values, dtype=np.int32), max(values) + 1)


FIRMS = codes("firm_id", [0, 0, 1, 1, 2, 2, 3, 3])
YEARS = codes("year", [0, 1] * 4)
PLACES = codes("place", [0, 0, 0, 0, 1, 1, 1, 1])


def arrays(
    *groups: Codes, absorbs_firm: bool = True, effects: tuple[Codes, ...] = (YEARS, PLACES)
) -> ModelArrays:
    columns = (np.zeros(8), np.zeros(8))
    return ModelArrays(columns, ("x",), FIRMS, effects, absorbs_firm=absorbs_firm, groups=groups)


def test_nested_means_each_level_in_one_group() -> None:
    assert is_nested(FIRMS, PLACES)
    assert is_nested(FIRMS, FIRMS)
    assert not is_nested(PLACES, FIRMS)
    assert not is_nested(FIRMS, YEARS)


@pytest.mark.parametrize(
    ("groups", "parameters", "nested"),
    [
        ((), 1 + 4 + 2 + 2 - 2, []),
        ((FIRMS,), 1 + 1 + 2 + 2 - 2, ["firm_id"]),
        ((PLACES,), 1 + 1 + 2 + 1 - 2, ["firm_id", "place"]),
        ((YEARS,), 1 + 4 + 1 + 2 - 2, ["year"]),
        ((FIRMS, YEARS), 1 + 1 + 1 + 2 - 2, ["firm_id", "year"]),
    ],
)
def test_nested_effects_count_once(groups: tuple[Codes, ...], parameters: int, nested: list[str]) -> None:
    counts = count_sample(arrays(*groups), 1)
    assert counts.parameters(is_grouped=bool(groups)) == parameters
    assert [effect.name for effect in counts.effects if effect.is_nested] == nested
    assert counts.parameters(is_grouped=False) == 1 + 4 + 2 + 2 - 2


def test_no_effects_leave_the_regressors() -> None:
    counts = count_sample(arrays(FIRMS, absorbs_firm=False, effects=()), 2)
    assert counts.parameters(is_grouped=True) == 2


def test_factors_are_the_rules() -> None:
    counts = SampleCounts(100, 7)
    assert group_factor(10) * counts.parameter_factor(is_grouped=True) == pytest.approx(
        10 / 9 * 99 / 93, rel=1e-15
    )
    assert counts.parameter_factor(is_grouped=False) == pytest.approx(100 / 93, rel=1e-15)


def test_slopes_count_in_full_though_nested() -> None:
    slope = Codes("place[age]", PLACES.codes, 2, np.arange(8.0))
    counts = count_sample(arrays(PLACES, effects=(YEARS, slope)), 1)
    assert counts.parameters(is_grouped=True) == 1 + 1 + 2 - 1 + 2


def test_one_group_is_refused() -> None:
    with pytest.raises(NotIdentifiedError, match="grouped by country need two groups; the sample has 1"):
        check_groups(1, "country")


def test_as_many_parameters_as_rows_are_refused() -> None:
    with pytest.raises(NotIdentifiedError, match="8 rows for 8 parameters"):
        count_sample(arrays(), 2).parameter_factor(is_grouped=False)


def test_groups_that_are_no_columns_count_by_the_rows() -> None:
    """Firms stand at the places of Conley errors, though no column groups the errors by these."""
    effects = EffectRows.of(arrays())
    counts = count_sample(arrays(), 1)
    assert not any(effect.is_nested for effect in counts.effects)
    marked = counted_by(counts, effects, [PLACES])
    assert [effect.name for effect in marked.effects if effect.is_nested] == ["firm_id", "place"]
    assert counted_by(counts, None, [PLACES]) is counts
    sloped = ModelArrays(
        (np.zeros(8),), (), FIRMS, (YEARS,), absorbs_firm=True, firm_slopes=(np.arange(8.0),)
    )
    marked = counted_by(count_sample(sloped, 1), EffectRows.of(sloped), [FIRMS])
    assert [effect.is_nested for effect in marked.effects] == [True, False, False]
