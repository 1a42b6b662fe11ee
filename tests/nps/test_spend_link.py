"""Spend and referrals after an answer: by hand, against SciPy, coverage of skewed money, edges, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.intervals import garwood_interval, mover_interval
from customer_centric.nps import RatingScale
from customer_centric.nps._class_means import ClassMoments, mean_intervals
from customer_centric.units import Horizon
from effort import examples
from nps._links import bounds, log_frame, spend, survey_frame

ANSWERS = st.lists(st.tuples(st.integers(0, 10), st.integers(0, 100)), min_size=1, max_size=15)
ROWS = st.lists(
    st.tuples(st.integers(0, 17), st.integers(0, 250), st.integers(0, 5000).map(lambda cents: cents / 100)),
    max_size=40,
)


def of_rows(rows: list[tuple[int, int, float]]) -> pd.DataFrame:
    return log_frame([(f"c{customer:03}", number, amount) for customer, number, amount in rows])


def moments_of(*classes: np.ndarray[Any, Any]) -> ClassMoments:
    """Moments of the customers of each class."""
    mean = np.array([np.mean(values) if len(values) else math.nan for values in classes])
    away = [np.asarray(values) - centre for values, centre in zip(classes, mean, strict=True)]
    return ClassMoments(
        n=np.array([float(len(values)) for values in classes]),
        mean=mean,
        squares=np.array([(part**2).sum() for part in away]),
        cubes=np.array([(part**3).sum() for part in away]),
        scale=1.0,
        least=float(min(np.min(values) for values in classes if len(values))),
    )


# ── Numbers by hand and from others ─────────────────────────────────────────────────────────────────


def test_the_window_opens_the_day_after_the_answer_and_closes_on_its_last_day() -> None:
    survey = survey_frame([10, 9, 3, 2], days=[0, 10, 0, 0])
    rows = [("c000", 0, 1.0), ("c000", 1, 2.0), ("c000", 90, 4.0), ("c000", 91, 8.0), ("c001", 100, 16.0)]
    found = spend(survey, log_frame([*rows, ("c001", 5, 32.0), ("other", 5, 64.0), ("c002", 30, 3.0)]))
    assert found.frame["mean"].tolist()[::2] == [1.5, 11.0]
    assert (found.n_log, found.n_log_used) == (8, 4)
    assert found.difference == pytest.approx(9.5)
    assert found.ratio == pytest.approx(22 / 3)


def test_without_amounts_rows_are_counted_as_referrals_are() -> None:
    survey = survey_frame([10, 9, 3])
    found = spend(survey, log_frame([("c000", 3, 0.0), ("c000", 4, 0.0), ("c002", 5, 0.0)]), amount=None)
    assert found.frame["mean"].tolist()[::2] == [1.0, 1.0]


def test_symmetric_spend_has_the_t_interval_of_scipy() -> None:
    """Without skewness Hall's interval is Student's."""
    values = np.array([-3.0, -1.0, 0.0, 1.0, 3.0]) + 20
    lower, upper = mean_intervals(moments_of(values, values, values), is_count=False, confidence_level=0.95)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (lower[0], upper[0]) == pytest.approx((expected.low, expected.high))


def test_skewed_spend_has_the_interval_of_halls_transformation() -> None:
    """The bounds are where the transformed t-statistic is at the quantiles."""
    values = np.array([0.0, 0.0, 1.0, 2.0, 2.0, 3.0, 5.0, 12.0, 30.0])
    lower, upper = mean_intervals(moments_of(values, values, values), is_count=False, confidence_level=0.9)
    n, spread, skewness = values.size, values.std(ddof=1), stats.skew(values)
    for bound, tail in ((lower[0], 0.95), (upper[0], 0.05)):
        t = (values.mean() - bound) / (spread / math.sqrt(n))
        g = skewness / math.sqrt(n)
        transformed = t + g / 3 * t**2 + g**2 / 27 * t**3 + g / 6
        assert bound == 0.0 or transformed == pytest.approx(stats.t.ppf(tail, n - 1))


def test_the_difference_comes_from_the_intervals_of_its_parts() -> None:
    rng = np.random.default_rng(2)
    survey = survey_frame(rng.integers(0, 11, 80).tolist())
    log = of_rows(
        [
            (int(i), int(d), float(a))
            for i, d, a in zip(
                rng.integers(0, 80, 200), rng.integers(1, 90, 200), rng.gamma(1, 20, 200), strict=True
            )
        ]
    )
    found = spend(survey, log)
    estimate, lower, upper = found.frame.loc[[2, 0], ["mean", "lower", "upper"]].to_numpy().T
    expected = [float(bound) for bound in mover_interval(estimate, lower, upper)]
    assert bounds(found.difference_interval) == pytest.approx(expected)
    logs = [np.log(part) for part in (estimate, lower, upper)]
    expected = [math.exp(float(bound)) for bound in mover_interval(*logs)]
    assert found.ratio == pytest.approx(estimate[0] / estimate[1])
    assert bounds(found.ratio_interval) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (lambda rng, n: np.exp(rng.normal(size=n)), math.exp(0.5)),
        (lambda rng, n: np.exp(rng.normal(size=n)) * (rng.random(n) < 0.1), 0.1 * math.exp(0.5)),
        (lambda rng, n: rng.poisson(0.2, n).astype(float), 0.2),
    ],
    ids=["lognormal", "one in ten buys", "referrals"],
)
def test_intervals_of_skewed_money_hold_better_than_students(draw: Any, truth: float) -> None:
    rng = np.random.default_rng(8)
    ours = students = differences = 0
    runs = 500
    for _ in range(runs):
        few, many = draw(rng, 50), draw(rng, 200)
        lower, upper = mean_intervals(moments_of(few, few, many), is_count=False, confidence_level=0.95)
        ours += lower[0] <= truth <= upper[0]
        means = np.array([many.mean(), few.mean()])
        low, high = mover_interval(means, lower[[2, 0]], upper[[2, 0]])
        differences += low <= 0 <= high
        reach = stats.t.ppf(0.975, few.size - 1) * few.std(ddof=1) / math.sqrt(few.size)
        students += abs(few.mean() - truth) <= reach
    assert ours >= students
    assert ours / runs >= 0.91
    assert differences / runs >= 0.92


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(ANSWERS, ROWS, st.integers(1, 120))
@examples(15)
def test_means_are_those_of_a_dictionary(
    answers: list[tuple[int, int]], rows: list[tuple[int, int, float]], horizon: int
) -> None:
    survey = survey_frame([rating for rating, _ in answers], days=[asked for _, asked in answers])
    found = spend(survey, of_rows(rows), horizon=horizon)
    sums = [
        sum(a for customer, when, a in rows if customer == place and asked < when <= asked + horizon)
        for place, (_, asked) in enumerate(answers)
    ]
    for place, (low, high) in enumerate(((0, 6), (7, 8), (9, 10))):
        own = [total for total, (rating, _) in zip(sums, answers, strict=True) if low <= rating <= high]
        row = found.frame.iloc[place]
        assert row["n"] == len(own)
        if own:
            assert row["mean"] == pytest.approx(np.mean(own))
            assert 0 <= row["lower"] <= row["mean"] <= row["upper"]
            assert row["lower"] < row["upper"]
        else:
            assert math.isnan(row["mean"])


@given(ANSWERS, ROWS, st.sampled_from([0.01, 7.5, 1000.0]))
@examples(8)
def test_the_currency_scales_money_and_leaves_the_ratio(
    answers: list[tuple[int, int]], rows: list[tuple[int, int, float]], rate: float
) -> None:
    survey = survey_frame([rating for rating, _ in answers])
    log = of_rows(rows)
    first, second = spend(survey, log), spend(survey, log.assign(paid=log["paid"] * rate))
    names = ["mean", "lower", "upper"]
    np.testing.assert_allclose(second.frame[names], first.frame[names] * rate, rtol=1e-7, atol=1e-9)
    assert second.ratio == pytest.approx(first.ratio, nan_ok=True)
    assert bounds(second.ratio_interval) == pytest.approx(bounds(first.ratio_interval), rel=1e-7)


@given(ANSWERS, ROWS)
@examples(8)
def test_a_mirrored_scale_mirrors_the_difference(
    answers: list[tuple[int, int]], rows: list[tuple[int, int, float]]
) -> None:
    first = spend(survey_frame([rating for rating, _ in answers]), of_rows(rows))
    mirrored = survey_frame([10 - rating for rating, _ in answers])
    second = spend(mirrored, of_rows(rows), scale=RatingScale(detractor_max=1, promoter_min=4))
    assert first.difference == pytest.approx(-second.difference, nan_ok=True)
    lower, upper = bounds(first.difference_interval)
    assert (-upper, -lower) == pytest.approx(bounds(second.difference_interval))


# ── What counts, and what is left out ───────────────────────────────────────────────────────────────


def test_what_is_left_out_is_counted() -> None:
    survey = survey_frame([10, 3, None, 5, 9], days=[0, 0, 0, 300, 20], customers=["a", "b", "c", "d", "a"])
    found = spend(survey, log_frame([("a", 30, 5.0)]))
    assert (found.n, found.n_open, found.n_missing, found.n_repeated) == (2, 1, 1, 1)
    assert (found.n_log, found.n_log_used, found.horizon) == (1, 1, 90.0)
    assert found.reason == "no passive is left"
    month = spend(survey, log_frame([("a", 30, 5.0)]), horizon=Horizon(1, "month"))
    assert month.horizon == 30.0


def test_refunds_count_against_purchases() -> None:
    found = spend(survey_frame([10, 3]), log_frame([("c000", 5, 10.0), ("c000", 6, -14.0), ("c001", 5, 1.0)]))
    assert found.frame["mean"].tolist()[::2] == [1.0, -4.0]
    assert found.frame["lower"].tolist()[2] < -4.0
    assert math.isnan(found.ratio)


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_class_that_is_all_alike_borrows_the_spread_of_all() -> None:
    found = spend(survey_frame([10] * 5 + [0] * 40), log_frame([(f"c{i:03}", 5, 10.0 * i) for i in range(5)]))
    row = found.frame.iloc[0]
    assert (row["mean"], row["lower"]) == (0.0, 0.0)
    assert 0 < row["upper"] < 20
    assert found.difference_interval.lower < found.difference < found.difference_interval.upper
    assert math.isnan(found.ratio)
    assert found.ratio_interval.upper == math.inf


def test_nobody_refers_anybody() -> None:
    found = spend(survey_frame([10] * 20 + [0] * 10), log_frame([]), amount=None)
    upper = [float(garwood_interval(0, exposure=n)[1]) for n in (10, 20)]
    assert found.frame["upper"].tolist()[::2] == pytest.approx(upper)
    assert bounds(found.difference_interval) == pytest.approx((-upper[0], upper[1]))


def test_nobody_buys_anything_and_nothing_limits_what_they_could() -> None:
    found = spend(survey_frame([10, 0]), log_frame([]))
    assert found.difference == 0.0
    assert bounds(found.difference_interval) == (-math.inf, math.inf)
    assert found.frame["lower"].tolist()[::2] == [0.0, 0.0]


def test_sums_of_any_size_have_finite_bounds() -> None:
    """Squares and cubes of such money would not be numbers any more."""
    survey = survey_frame([10, 9, 3, 2])
    rows = [(f"c{i:03}", 5, amount) for i, amount in enumerate([1.0, 2.0, 1.5, 4.0])]
    small = spend(survey, log_frame(rows))
    for size in (1e200, 1e-200):
        found = spend(survey, log_frame([(name, when, amount * size) for name, when, amount in rows]))
        assert found.difference == pytest.approx(small.difference * size)
        expected = [bound * size for bound in bounds(small.difference_interval)]
        assert bounds(found.difference_interval) == pytest.approx(expected)


def test_one_customer_and_an_empty_class() -> None:
    found = spend(survey_frame([10]), log_frame([("c000", 5, 10.0)]))
    assert found.frame["mean"].tolist()[2] == 10.0
    assert math.isnan(found.difference)
    assert bounds(found.difference_interval) == (-math.inf, math.inf)
    assert found.reason == "no detractor and no passive is left"


def test_the_result_reads_as_an_association() -> None:
    text = str(spend(survey_frame([10, 9, 3, 2]), log_frame([("c000", 5, 10.0), ("c002", 5, 4.0)])))
    assert text.startswith("In 90 days after the answer, a promoter less a detractor: 3.00 (95 % interval ")
    assert "an association among those who answered" in text


# ── What is refused ─────────────────────────────────────────────────────────────────────────────────

SURVEY = survey_frame([10, 3])
LOG = log_frame([("c000", 5, 10.0), ("c001", 6, 2.0)])


@pytest.mark.parametrize(
    ("survey", "log", "changes", "message"),
    [
        (SURVEY, LOG, {"horizon": 0.5}, "`horizon` must be a finite number at least 1, got 0.5"),
        (
            SURVEY,
            LOG,
            {"horizon": 366},
            "`survey` must have at least one answer whose window of 366 days ends",
        ),
        (
            SURVEY,
            LOG.assign(paid=[1.0, math.nan]),
            {},
            r"`amount` \(column 'paid'\) must be finite numbers, got n.* at position 1 \(1 of 2 values\)",
        ),
        (SURVEY, LOG.assign(paid=["1", "2"]), {}, r"`amount` \(column 'paid'\) must be numbers"),
        (SURVEY, LOG.assign(when=["x", "y"]), {}, r"`date` \(column 'when'\) must be ISO dates"),
        (SURVEY, LOG.assign(id=["a", None]), {}, r"`customer` \(column 'id'\) must be present in every row"),
        (
            SURVEY,
            LOG.assign(id=[1, 2]),
            {},
            "`customer` must be of the same type in both frames, got integer",
        ),
        (SURVEY, LOG, {"date": "paid", "amount": "paid"}, "`amount` must be another column than `date`"),
        (SURVEY, LOG, {"confidence_level": 0}, "`confidence_level` must be"),
        (SURVEY, {"id": [1]}, {}, "`log` must be a pandas or Polars data frame"),
    ],
)
def test_what_cannot_be_is_refused(survey: Any, log: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        spend(survey, log, **changes)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(MissingColumnError, match="`amount` must be a column of the frame, got 'money'"):
        spend(SURVEY, LOG, amount="money")
