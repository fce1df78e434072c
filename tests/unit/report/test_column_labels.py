"""Every panel column has plain words, and no two columns of a study share a label."""

from typing import Any

import pytest

from clusterpanel.report.column_labels import ColumnLabels, labels_of
from clusterpanel.spec.columns import panel_columns

LABELS = ColumnLabels(frozenset({"tco2", "crowns"}), "emissions_tco2")


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("emissions_tco2", "emissions (t CO₂)"),
        ("log_emissions_tco2", "log of emissions (t CO₂)"),
        ("lag_log_wage_crowns", "log of wage a year before (crowns)"),
        ("growth_dhs", "yearly growth of emissions"),
        ("growth_log", "yearly growth of emissions (log)"),
        ("is_exit", "yearly exit"),
        ("is_regulatory_entry", "regulatory entry"),
        ("distance_edge_km", "distance to the nearest cluster (km)"),
    ],
)
def test_labels_are_words_with_units(column: str, text: str) -> None:
    assert LABELS.text(column) == text


def test_neighbours_are_named_with_their_radius(simulated: Any) -> None:
    labels = labels_of(simulated.study)
    assert labels.text("log_own_count_2_5km") == "neighbours of the same industry within 2.5 km (log)"
    assert labels.text("all_ring_2_5_5km") == "neighbours of any industry 2.5 to 5 km away"


def test_no_label_of_a_panel_column_is_a_raw_name(simulated: Any) -> None:
    study = simulated.study
    labels = labels_of(study)
    texts = {name: labels.text(name) for name in panel_columns(study.spec, study.sources, study.cluster_spec)}
    assert [name for name, text in texts.items() if "_" in text] == []
    near = [text for name, text in texts.items() if "count" in name]
    assert len(near) == len(set(near))
