"""The fixed numbers of the simulated economy: choices of ours, none of them a published estimate."""

# Where firms are
CLUSTER_SHARE = 0.4
"""Share of firms that choose a place in a cluster of their industry."""
CLUSTER_RADIUS_KM = 10.0
POSTCODES_PER_CLUSTER = 6
BELT_KM = 30.0
"""No firm of the industry lies between a cluster's edge and this distance from its centre."""
CLUSTER_SEPARATION_KM = 100.0
"""Least distance between two cluster centres of one industry."""
PLACES_PER_REGION = 25
POSTCODES_PER_PLACE = 2
PLACE_RADIUS_KM = 3.0

# What one standard deviation of ability is worth
ABILITY_WAGE = 0.06
ABILITY_REVENUE = 0.15
ABILITY_GROWTH = 0.01
ABILITY_HAZARD = -0.15

# Lives
HAZARD_BASE = -2.05
"""Complementary log-log of a newborn firm's yearly hazard; it falls by the slope times ln(1 + age)."""
HAZARD_AGE_SLOPE = -0.3
HAZARD_INDUSTRY_SD = 0.15
HAZARD_YEAR_SD = 0.10
OLDEST_AT_START_YEARS = 60
DEATH_CAUSES = ("closure", "merger", "moved_abroad", "unknown")
DEATH_CAUSE_SHARES = (0.83, 0.10, 0.05, 0.02)

# Outcomes
SMALLEST_EMPLOYMENT = 4.0
EMPLOYMENT_LOG_MEAN_EXCESS = 0.8
"""Employment at first sight is Pareto: 4 persons times exp(an exponential variable with this mean)."""
WAGE_BASE_LOG = 12.6
REVENUE_BASE_LOG = 13.9
WAGE_AGE = 0.002
REVENUE_AGE = 0.005
GROWTH_AGE = -0.0005
WAGE_REGION_SD = 0.03
REVENUE_REGION_SD = 0.06
WAGE_INDUSTRY_YEAR_SD = 0.05
REVENUE_INDUSTRY_YEAR_SD = 0.10
GROWTH_INDUSTRY_YEAR_SD = 0.02
WAGE_NOISE_SD = 0.08
REVENUE_NOISE_SD = 0.20
GROWTH_NOISE_SD = 0.10
NOISE_PERSISTENCE = 0.5
"""Correlation of a firm's wage (or revenue) noise with the year before's; growth noise has none."""

# What a bureau's files are like
SECOND_SITE_SHARE = 0.03
SECOND_SITE_EMPLOYMENT_SHARE = 0.25
MISSING_BIRTH_SHARE = 0.01
MISSING_POSTCODE_SHARE = 0.005
MISSING_PLACE_SHARE = 0.005
MISSING_STREET_SHARE = 0.02
MISSING_EMPLOYEES_SHARE = 0.005
MISSING_WAGE_BILL_SHARE = 0.01
UNREADABLE_REVENUE_SHARE = 0.0002
SPACED_POSTCODE_SHARE = 0.03
UPPERCASE_PLACE_SHARE = 0.05
