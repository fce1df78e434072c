"""What a study's columns of weights must satisfy: names of their own, made of columns the panel has."""

from collections import Counter
from collections.abc import Iterator, Sequence

from clusterpanel.errors import Fault
from clusterpanel.spec.faults import Place, did_you_mean, nearest
from clusterpanel.spec.panel_weights import PanelWeights, StayingWeights
from clusterpanel.spec.parse import SpecFile
from clusterpanel.spec.study import StudySpec
from clusterpanel.spec.terms import read_terms


def check_weights(file: SpecFile[StudySpec], columns: Sequence[str]) -> Iterator[Fault]:
    """Yield the faults of a study's weights beside the panel's columns."""
    if file.model is None:
        return
    times = Counter([*columns, *(weights.name for weights in file.model.weights)])
    for index, weights in enumerate(file.model.weights):
        if times[weights.name] > 1:
            came = f'"{weights.name}", which another column has too'
            yield file.fault(("weights", index, "name"), came, "a name of its own")
        for key, number, name in _named(weights):
            if name not in columns:
                place: Place = ("weights", index, key, *(() if number is None else (number,)))
                yield file.fault(place, f'"{name}"', nearest(name, columns), did_you_mean(name, columns))


def _named(weights: PanelWeights) -> Iterator[tuple[str, int | None, str]]:
    for key, terms in (("predictors", weights.predictors), ("numerator", weights.numerator)):
        for number, text in enumerate(terms):
            yield from ((key, number, column) for term in read_terms(text) for column in term.columns)
    if isinstance(weights, StayingWeights):
        yield "leaves", None, weights.leaves
    else:
        yield "exposure", None, weights.exposure
