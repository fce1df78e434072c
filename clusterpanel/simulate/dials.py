"""The dials of a simulated register: its size, its true effects, and how firms sort into clusters."""

from dataclasses import dataclass, fields

from clusterpanel.errors import Fault, SpecError

FIRM_YEARS_PER_INDUSTRY = 5_000
MOST_INDUSTRIES = 891

LIMITS: dict[str, tuple[float, float]] = {
    "firm_years": (100, 100_000_000),
    "first_year": (1800, 2200),
    "last_year": (1800, 2200),
    "regions": (1, 99),
    "industries": (1, MOST_INDUSTRIES),
    "effect_wage": (-1.0, 1.0),
    "effect_revenue": (-1.0, 1.0),
    "effect_growth": (-0.2, 0.2),
    "effect_survival": (-2.0, 2.0),
    "sorting": (-0.95, 0.95),
    "movers": (0.0, 1.0),
    "location_error": (0.0, 1.0),
    "seed": (0, 2**63 - 1),
}


@dataclass(frozen=True)
class Dials:
    """What a simulated register is asked to be.

    Attributes
    ----------
    firm_years : int
        About how many firm-years the register holds.
    first_year, last_year : int
        The years it covers, both included.
    regions : int
        Regions that tile the invented country.
    industries : int or None
        Number of industries; None: one for every 5,000 firm-years, at least two, so that firms of an industry
        lie equally far apart in registers of every size.
    effect_wage, effect_revenue : float
        What being in a cluster adds to the log of the wage and of revenue (log points).
    effect_growth : float
        What it adds to yearly employment growth (Davis-Haltiwanger-Schuh rate).
    effect_survival : float
        What it adds to the complementary log-log of the yearly closure hazard (log hazard ratio).
    sorting : float
        The correlation between a firm's ability and its latent taste for a place in a cluster; 0: none. At
        0.5 firms in clusters are abler than others by 0.8 standard deviations.
    movers : float
        Share of firms that choose a new place in a year, whatever happens to them; about four in ten of
        them end on the other side of a cluster's border.
    location_error : float
        Share of addresses with the postcode of another place.
    seed : int
        Same dials, same bytes.

    Raises
    ------
    SpecError
        A dial is beyond its limits, or the years run backwards; all such faults at once.
    """

    firm_years: int = 60_000
    first_year: int = 2005
    last_year: int = 2019
    regions: int = 12
    industries: int | None = None
    effect_wage: float = 0.03
    effect_revenue: float = 0.05
    effect_growth: float = 0.01
    effect_survival: float = -0.10
    sorting: float = 0.5
    movers: float = 0.04
    location_error: float = 0.01
    seed: int = 42

    def __post_init__(self) -> None:
        faults = [fault for field in fields(self) if (fault := self._fault_of(field.name)) is not None]
        if not faults and self.last_year <= self.first_year:
            faults.append(Fault("dials", "last_year", str(self.last_year), f"more than {self.first_year}"))
        if faults:
            raise SpecError("a register cannot be simulated with these dials", faults=faults)

    def _fault_of(self, name: str) -> Fault | None:
        value = getattr(self, name)
        lowest, highest = LIMITS[name]
        whole = isinstance(lowest, int)
        if value is None and name == "industries":
            return None
        kind = int if whole else (int, float)
        if isinstance(value, kind) and not isinstance(value, bool) and lowest <= value <= highest:
            return None
        allowed = f"{'a whole number' if whole else 'a number'} from {lowest:,} to {highest:,}"
        return Fault("dials", name, repr(value), allowed)

    @property
    def years(self) -> int:
        """The number of years covered."""
        return self.last_year - self.first_year + 1

    @property
    def industry_count(self) -> int:
        """The number of industries, chosen or following from the size."""
        if self.industries is not None:
            return self.industries
        return min(max(2, self.firm_years // FIRM_YEARS_PER_INDUSTRY), MOST_INDUSTRIES)
