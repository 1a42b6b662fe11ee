"""Every drawing of what customers say, of one small survey."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from customer_centric import plot
from customer_centric.nps import DriverImportance, NpsByGroup, NpsTrend, driver_importance, nps_by, nps_trend

SHOPS = ("north", "south", "a shop with a name that goes on and on", "small", "silent")


@cache
def survey() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    shop = rng.choice(SHOPS, p=[0.4, 0.3, 0.2, 0.07, 0.03], size=300)
    mood = rng.normal(size=300) + (shop == "north")
    rating = np.clip(np.round(8 + 1.5 * mood), 0, 10)
    rating[shop == "silent"] = np.nan
    day = pd.Timestamp("2024-01-15") + pd.to_timedelta(rng.integers(0, 300, 300), unit="D")
    parts = {
        name: np.clip(np.round(3 + level + 0.6 * mood + rng.normal(size=300)), 1, 5)
        for name, level in (("price", -1.0), ("service", 0.5), ("delivery", 0.4), ("website", 1.0))
    }
    return pd.DataFrame({"shop": shop, "rating": rating, "day": day, **parts})


@cache
def grouped() -> NpsByGroup[pd.DataFrame]:
    return nps_by(survey(), "shop", rating="rating")


@cache
def followed() -> NpsTrend[pd.DataFrame]:
    return nps_trend(survey(), rating="rating", answered="day", period="month")


@cache
def driven() -> DriverImportance[pd.DataFrame]:
    answered = survey().dropna()
    drivers = ["price", "service", "delivery", "website"]
    return driver_importance(answered, outcome="rating", drivers=drivers, driver_range=(1, 5))


DRAWINGS = {
    "shares": lambda ax=None: plot.plot_nps_shares(grouped(), ax=ax),
    "groups": lambda ax=None: plot.plot_nps_groups(grouped(), ax=ax),
    "trend": lambda ax=None: plot.plot_nps_trend(followed(), ax=ax),
    "drivers": lambda ax=None: plot.plot_driver_map(driven(), ax=ax),
}
