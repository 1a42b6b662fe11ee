"""What the customers of a simulated survey do before and after they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from customer_centric._core.checks import check_number
from customer_centric.nps import NPS_SCALE
from customer_centric.simulate._plan import CLASSES, DAYS_A_YEAR, by_class, check_rng
from customer_centric.simulate.survey import SurveyWorld
from customer_centric.typing import FloatArray, IntArray

__all__ = ["SimulatedBehaviour", "simulate_behaviour"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedBehaviour:
    r"""What the customers of a survey did, and what their answers had to do with it.

    Parameters
    ----------
    survey : pandas.DataFrame
        The survey as it would have been: customers are not asked again after they left.
    customers : pandas.DataFrame
        One row a customer, in the order of `customer`: `since` (first day), `asked` (first day asked),
        `lost` (day of leaving; NaT where it lies after `end`) and `answer_class` (of the first answer, given
        or not).
    transactions : pandas.DataFrame
        `customer`, `date` and `amount` of every purchase from `since` to `lost` or `end`, by date.
    end : pandas.Timestamp
        Last day of observation.
    churn_rates : mapping from class to float
        Customers lost a year, as a rate: of those there on a day, the share \(1 - e^{-r t}\) is lost
        within \(t\) years.
    spend_rates : mapping from class to float
        Expected spend a year of a customer who stays, after the day of the survey, in money.
    """

    survey: pd.DataFrame
    customers: pd.DataFrame
    transactions: pd.DataFrame
    end: pd.Timestamp
    churn_rates: Mapping[str, float]
    spend_rates: Mapping[str, float]


def simulate_behaviour(
    world: SurveyWorld,
    *,
    rng: np.random.Generator,
    follow_up: float = 365.0,
    churn_rates: float | Mapping[str, float] = 0.3,
    purchases_per_year: float = 6.0,
    mean_spend: float = 50.0,
    spend_factors: Mapping[str, float] | None = None,
    membership: float = 730.0,
) -> SimulatedBehaviour:
    r"""What the customers of a survey did before and after they were asked.

    Parameters
    ----------
    world : SurveyWorld
        The survey.
    rng : numpy.random.Generator
        Where the draws come from.
    follow_up : float, default 365
        Days from the last wave to the end of observation, 1 or more.
    churn_rates : float or mapping from class to float, default 0.3
        Customers lost a year, as a rate, from the day after they were first asked: the same for
        everybody unless a mapping says otherwise.
    purchases_per_year : float, default 6
        Expected purchases a year of a customer who is there.
    mean_spend : float, default 50
        Mean value of a purchase, in money.
    spend_factors : mapping from class to float, optional
        What purchases after the survey are multiplied by in number; 1 for everybody by default.
    membership : float, default 730
        Longest time from the first day of a customer to the survey, in days; it is uniform from 1.

    Returns
    -------
    SimulatedBehaviour
        Customers with the days on which they came and left, their purchases, and the rates behind them.

    Raises
    ------
    InvalidInputError
        If a number is out of its range, a class is unknown, or `rng` is not a generator.

    Notes
    -----
    Everybody who is asked is still a customer on that day: time before the survey is time in which nobody
    could be lost, so a clock that starts at `since` finds too little churn. After it, customers leave at the
    constant rate \(r\) of the class of their first answer, given or not, and a customer is lost on day
    \(\lceil 365.25\, T \rceil\) for an exponential \(T\). Purchases are a Poisson process.

    Examples
    --------
    >>> from customer_centric.simulate import simulate_survey
    >>> world = simulate_survey(500, rng=np.random.default_rng(1))
    >>> behaviour = simulate_behaviour(world, rng=np.random.default_rng(2))
    >>> int(behaviour.customers["lost"].notna().sum()), len(behaviour.transactions)
    (153, 5576)
    """
    check_rng(rng)
    churn = by_class("churn_rates", churn_rates)
    factors = by_class("spend_factors", 1.0 if spend_factors is None else spend_factors)
    after = int(check_number("follow_up", follow_up, minimum=1.0))
    check_number("purchases_per_year", purchases_per_year, minimum=0.0)
    check_number("mean_spend", mean_spend, minimum=0.0, open_minimum=True)
    check_number("membership", membership, minimum=1.0)
    end = world.wave_dates[-1] + pd.Timedelta(days=after)
    customers, code = _draw_customers(world, end, churn, int(membership), rng)
    log = _draw_log(customers, end, purchases_per_year * factors[code], purchases_per_year, mean_spend, rng)
    gone = world.survey["customer"].map(customers.set_index("customer")["lost"])
    return SimulatedBehaviour(
        survey=world.survey[~(world.survey["date"] >= gone)].reset_index(drop=True),
        customers=customers,
        transactions=log,
        end=end,
        churn_rates=dict(zip(CLASSES, churn.tolist(), strict=True)),
        spend_rates=dict(zip(CLASSES, (purchases_per_year * mean_spend * factors).tolist(), strict=True)),
    )


def _draw_customers(
    world: SurveyWorld, end: pd.Timestamp, churn: FloatArray, membership: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, IntArray]:
    """When customers came, were asked and left, and the code of the class of their first answer."""
    first = world.survey.assign(answer=world.answers).drop_duplicates("customer").sort_values("customer")
    code = NPS_SCALE.net_values(first["answer"].to_numpy(dtype=np.float64)).astype(np.int64) + 1
    asked = _day_numbers(end, first["date"])
    with np.errstate(divide="ignore"):
        wait = rng.standard_exponential(asked.size) * DAYS_A_YEAR / churn[code]
    lost = asked + np.ceil(wait)
    customers = pd.DataFrame(
        {
            "customer": first["customer"].to_numpy(),
            "since": _days(end, asked - rng.integers(1, membership + 1, size=asked.size)),
            "asked": first["date"].to_numpy(),
            "lost": _days(end, np.where(lost > 0, np.inf, lost)),
            "answer_class": np.array(CLASSES, dtype=object)[code],
        }
    )
    return customers, code


def _draw_log(
    customers: pd.DataFrame,
    end: pd.Timestamp,
    per_year_after: FloatArray,
    per_year: float,
    mean_spend: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The purchases of all customers, by date."""
    since, asked = _day_numbers(end, customers["since"]), _day_numbers(end, customers["asked"])
    last = _day_numbers(end, customers["lost"].fillna(end))
    bought = [
        _draw_purchases(since, asked, np.full(since.size, per_year), mean_spend, rng),
        _draw_purchases(asked + 1, last, per_year_after, mean_spend, rng),
    ]
    buyer, day, amount = (np.concatenate(parts) for parts in zip(*bought, strict=True))
    order = np.lexsort((buyer, day))
    return pd.DataFrame(
        {
            "customer": customers["customer"].to_numpy()[buyer[order]],
            "date": _days(end, day[order]),
            "amount": amount[order],
        }
    )


def _draw_purchases(
    start: IntArray,
    stop: IntArray,
    per_year: FloatArray,
    mean_spend: float,
    rng: np.random.Generator,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Customer, day and amount of the purchases from `start` to `stop`, both days included."""
    length = np.maximum(stop - start + 1, 0)
    count = rng.poisson(per_year * length / DAYS_A_YEAR)
    buyer = np.repeat(np.arange(start.size), count)
    day = start[buyer] + np.floor(rng.random(buyer.size) * length[buyer]).astype(np.int64)
    return buyer, day, rng.gamma(4.0, mean_spend / 4.0, size=buyer.size)


def _day_numbers(origin: pd.Timestamp, dates: pd.Series) -> IntArray:
    return np.asarray((dates - origin).dt.days, dtype=np.int64)


def _days(origin: pd.Timestamp, days: IntArray | FloatArray) -> pd.DatetimeIndex:
    """Days after `origin` as dates; NaT where they are not finite."""
    whole = np.where(np.isfinite(days), days, 0).astype("timedelta64[D]")
    dates = np.datetime64(origin, "D") + whole
    dates[~np.isfinite(days)] = np.datetime64("NaT")
    return pd.DatetimeIndex(dates.astype("datetime64[ns]"))
