"""One simulated world: a country, its firms' lives and their outcomes, from independent random streams."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.simulate.country import Country, Ints, draw_country
from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.lives import Lives, draw_lives
from clusterpanel.simulate.outcomes import Outcomes, draw_outcomes


@dataclass(frozen=True)
class World:
    """Everything that is true of a simulated register.

    Attributes
    ----------
    dials, country, lives, outcomes
        What was asked and what was drawn.
    firm, year : (firm-years,) arrays
        Number of the firm, and of the year from the first, of every firm-year in the register; by firm, then
        year.
    file_stream : SeedSequence
        The random stream that the files' blemishes are drawn from; it moves nothing that is true.
    """

    dials: Dials
    country: Country
    lives: Lives
    outcomes: Outcomes
    firm: Ints
    year: Ints
    file_stream: np.random.SeedSequence


def draw_world(dials: Dials) -> World:
    """Draw a world; the same dials draw the same one."""
    of_country, of_lives, of_outcomes, of_files = np.random.SeedSequence(dials.seed).spawn(4)
    country = draw_country(dials, np.random.default_rng(of_country))
    lives = draw_lives(dials, country, np.random.default_rng(of_lives))
    outcomes = draw_outcomes(dials, country, lives, np.random.default_rng(of_outcomes))
    firm, year = np.nonzero(lives.is_alive)
    return World(dials, country, lives, outcomes, firm, year, of_files)
