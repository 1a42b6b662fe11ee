"""Tracking curves: published weeks, variances in closed form, steps and edges."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from customer_centric import (
    BgNbd,
    InvalidInputError,
    Nbd,
    ParetoNbd,
    PurchaseHistories,
    PurchaseTiming,
    fit_bg_nbd,
    fit_pareto_nbd,
    summarise_transactions,
    tracking,
)
from customer_centric.clv.tracking import _Cohort
from customer_centric.datasets import load_cdnow_sample
from effort import examples


def cdnow(**arguments: str) -> PurchaseHistories:
    terms = {"end": "1998-06-30", "calibration_end": "1997-09-30", "unit": "week", **arguments}
    return summarise_transactions(load_cdnow_sample(), customer="customer", date="date", **terms)  # type: ignore[arg-type]


def cohort(entries: list[int], n_periods: int, size: int, unit: str = "day") -> _Cohort:
    first = np.bincount(entries, minlength=n_periods)
    timing = PurchaseTiming(
        first_period=date(2024, 1, 1),
        period="day",
        first_purchases=first,
        repeat_purchases=np.zeros(n_periods, dtype=np.int64),
        n_calibration=n_periods,
    )
    return _Cohort.of(timing, size, unit)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fit", "expected"),
    [
        (fit_pareto_nbd, [78.312, 76.422, 74.651, 72.985, 71.416, 69.935]),
        (fit_bg_nbd, [76.865, 74.888, 73.046, 71.322, 69.704, 68.182]),
    ],
)
def test_weeks_of_the_btyd_walkthrough(fit: object, expected: list[float]) -> None:
    """Repeat purchases of the CDNOW sample in weeks 20 to 25, expected at the optimum and actual."""
    histories = cdnow()
    weeks = tracking(histories, fit(histories))  # type: ignore[operator]
    np.testing.assert_allclose(weeks.expected[19:25], expected, atol=1.1e-3)
    assert weeks.actual[19:25].tolist() == [73, 55, 70, 33, 56, 99]
    assert weeks.actual.size == 78
    assert weeks.calibration_steps == 39
    assert weeks.n_left_over == 0
    assert weeks.cumulative_actual[-1] == 2457 + 1882
    np.testing.assert_allclose(weeks.cumulative_expected, np.cumsum(weeks.expected))
    assert np.all((weeks.lower <= weeks.expected) & (weeks.expected <= weeks.upper))
    frame = weeks.to_frame()
    assert frame["holdout"].sum() == 39
    assert frame["start"][1] == date(1997, 1, 8)
    assert "Repeat purchases by week" in weeks._repr_html_()


@examples(20)
@given(st.floats(0.05, 5.0), st.floats(0.5, 50.0), st.integers(1, 9))
def test_variance_of_purchases_at_a_mixed_rate(r: float, alpha: float, size: int) -> None:
    """NBD in closed form: over any stretch of d units, variance r d / alpha + r (d / alpha)^2."""
    model = Nbd(r=r, alpha=alpha, unit="day")
    people = cohort([0, 0, 3], 60, size)
    step, total = people.process_variance(model, people.expected_by_age(model, 32))
    ends = size * np.arange(1, 60 // size + 1.0)

    def variance(d: np.ndarray) -> np.ndarray:
        return r * d / alpha + r * (d / alpha) ** 2

    late, early = np.maximum(ends - 3, 0), np.maximum(ends - size - 3, 0)
    np.testing.assert_allclose(total, 2 * variance(ends) + variance(late), rtol=1e-6)
    np.testing.assert_allclose(
        step, 2 * variance(np.full(ends.size, float(size))) + variance(late - early), rtol=1e-3
    )


def test_variance_of_purchases_until_death() -> None:
    """Pareto/NBD: pairs of purchases have density r (r + 1) / alpha^2 times the survival at the later one."""
    r, alpha, s, beta = 0.6, 10.0, 0.7, 12.0
    model = ParetoNbd(r=r, alpha=alpha, s=s, beta=beta, unit="week")
    people = cohort([0], 140, 7, "week")
    step, _ = people.process_variance(model, people.expected_by_age(model, 32))
    for k in (0, 4, 19):
        a, b = float(k), k + 1.0
        mean = r / alpha * quad(lambda t: (beta / (beta + t)) ** s, a, b)[0]
        density = r * (r + 1) / alpha**2
        pairs = 2 * density * quad(lambda t, a=a: (t - a) * (beta / (beta + t)) ** s, a, b)[0]
        assert step[k] == pytest.approx(mean + pairs - mean**2, rel=1e-4)


def test_interpolation_between_ages_is_exact_enough() -> None:
    model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
    by_age = cohort([0], 546, 7, "week").expected_by_age(model, 32)
    exact = [float(model.expected_purchases(0, 0, 0, horizon=t / 7)) for t in (1, 2, 40, 300, 546)]
    np.testing.assert_allclose(by_age[[1, 2, 40, 300, 546]], exact, rtol=1e-9)
    assert by_age[0] == 0


def test_a_fit_is_less_sure_than_its_model() -> None:
    histories = cdnow()
    fit = fit_pareto_nbd(histories)
    sure, unsure = tracking(histories, fit.model), tracking(histories, fit)
    assert np.all(unsure.cumulative_upper[5:] > sure.cumulative_upper[5:])
    np.testing.assert_array_equal(sure.expected, unsure.expected)


def test_steps_of_several_periods() -> None:
    """The same purchases in longer steps; days that fill no step are counted."""
    model = Nbd(r=0.4, alpha=12.0, unit="week")
    weeks, months = tracking(cdnow(), model), tracking(cdnow(), model, periods_per_step=28)
    assert months.step_name == "4 weeks"
    np.testing.assert_allclose(months.cumulative_expected, weeks.cumulative_expected[3::4])
    assert months.n_left_over == 546 - 19 * 28
    days = tracking(cdnow(), model, periods_per_step=5)
    assert days.step_name == "5 days"
    assert days.n_left_over == 1


def test_calendar_months() -> None:
    months = tracking(cdnow(unit="month", period="month"), Nbd(r=0.4, alpha=3.0, unit="month"))
    assert months.step_name == "month"
    assert months.to_frame()["start"].iloc[[0, 12]].tolist() == [date(1997, 1, 1), date(1998, 1, 1)]
    assert months.calibration_steps == 9
    assert months.actual.size == 18


def test_calendar_weeks() -> None:
    weeks = tracking(cdnow(period="week"), Nbd(r=0.4, alpha=12.0, unit="week"))
    assert weeks.to_frame()["start"].iloc[:2].tolist() == [date(1996, 12, 30), date(1997, 1, 6)]


def test_one_customer_with_one_purchase() -> None:
    log = pd.DataFrame({"c": ["a"], "d": ["2024-01-01"]})
    histories = summarise_transactions(log, customer="c", date="d", end="2024-01-20", unit="week")
    weeks = tracking(histories, Nbd(r=0.4, alpha=12.0, unit="week"))
    assert weeks.actual.tolist() == [0, 0]
    assert np.all(weeks.lower == 0)
    assert np.all(weeks.upper >= 1)


def test_errors() -> None:
    model = Nbd(r=0.4, alpha=12.0, unit="week")
    bare = PurchaseHistories.from_arrays([1], [2], [3], unit="week")
    with pytest.raises(InvalidInputError, match="histories from arrays"):
        tracking(bare, model)
    with pytest.raises(
        InvalidInputError, match=r"^`purchases` must be in the unit of `histories` \('week'\)"
    ):
        tracking(cdnow(), Nbd(r=0.4, alpha=12.0, unit="day"))
    with pytest.raises(
        InvalidInputError, match=r"^`periods_per_step` must be a whole number at least 1, got 0"
    ):
        tracking(cdnow(), model, periods_per_step=0)
    with pytest.raises(
        InvalidInputError, match=r"^`periods_per_step` must be at most the length of the log \(546\), got 600"
    ):
        tracking(cdnow(), model, periods_per_step=600)
