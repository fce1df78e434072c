import numpy as np
import pytest

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.small_sample import SmallSample, count_sample, is_nested


def codes(name: str, values: list[int]) -> Codes:
    return Codes(name, np.array(values), max(values) + 1)


FIRMS = codes("firm_id", [0, 0, 1, 1, 2, 2, 3, 3])
YEARS = codes("year", [0, 1] * 4)
PLACES = codes("place", [0, 0, 0, 0, 1, 1, 1, 1])


def arrays(
    groups: Codes, absorbs_firm: bool = True, effects: tuple[Codes, ...] = (YEARS, PLACES)
) -> ModelArrays:
    return ModelArrays(np.zeros((8, 2)), ("x",), FIRMS, effects, absorbs_firm, groups)


def test_nested_means_each_level_in_one_group() -> None:
    assert is_nested(FIRMS, PLACES)
    assert is_nested(FIRMS, FIRMS)
    assert not is_nested(PLACES, FIRMS)
    assert not is_nested(FIRMS, YEARS)


@pytest.mark.parametrize(
    ("groups", "is_grouped", "parameters", "nested"),
    [
        (FIRMS, False, 1 + 4 + 2 + 2 - 2, ()),
        (FIRMS, True, 1 + 1 + 2 + 2 - 2, ("firm_id",)),
        (PLACES, True, 1 + 1 + 2 + 1 - 2, ("firm_id", "place")),
        (YEARS, True, 1 + 4 + 1 + 2 - 2, ("year",)),
    ],
)
def test_nested_effects_count_once(
    groups: Codes, is_grouped: bool, parameters: int, nested: tuple[str, ...]
) -> None:
    counts = count_sample(arrays(groups), 1, is_grouped)
    assert (counts.parameters, counts.nested) == (parameters, nested)
    assert counts.groups == (groups.levels if is_grouped else 0)


def test_no_effects_leave_the_regressors() -> None:
    assert count_sample(arrays(FIRMS, absorbs_firm=False, effects=()), 2, is_grouped=True).parameters == 2


def test_factor_is_the_rules_product() -> None:
    assert SmallSample(100, 10, 7, ()).factor == pytest.approx(10 / 9 * 99 / 93, rel=1e-15)
    assert SmallSample(100, 0, 7, ()).factor == pytest.approx(100 / 93, rel=1e-15)


def test_one_group_is_refused() -> None:
    with pytest.raises(NotIdentifiedError, match="grouped by country need two groups; the sample has 1"):
        count_sample(arrays(codes("country", [0] * 8)), 1, is_grouped=True)


def test_as_many_parameters_as_rows_are_refused() -> None:
    with pytest.raises(NotIdentifiedError, match="8 rows for 8 parameters"):
        count_sample(arrays(FIRMS), 2, is_grouped=False)
