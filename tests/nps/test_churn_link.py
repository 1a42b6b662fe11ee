"""Churn after an answer: published curves, no immortal time, laws, edges, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric._methods.survival import kaplan_meier
from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.intervals import mover_interval
from customer_centric.nps import RatingScale
from customer_centric.units import Horizon
from effort import examples
from nps._links import CLASSES, END, START, bounds, churn, day, survey_frame

# Freireich et al. (1963): weeks of remission under 6-MP, plus those of the placebo, all seen to the end.
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
LAST = (END - START).days

ANSWERS = st.lists(
    st.tuples(st.integers(0, 10), st.integers(0, 200), st.one_of(st.none(), st.integers(0, 300))),
    min_size=1,
    max_size=25,
)


def freireich() -> pd.DataFrame:
    """Treated patients as promoters, the others as detractors; a day stands for a week."""
    stays = TREATED + PLACEBO
    gone = RELAPSED + [1] * len(PLACEBO)
    return survey_frame(
        [10] * len(TREATED) + [0] * len(PLACEBO),
        days=[LAST - stay for stay in stays],
        stays=[stay if lost else None for stay, lost in zip(stays, gone, strict=True)],
    )


def of_answers(answers: list[tuple[int, int, int | None]]) -> pd.DataFrame:
    ratings, days, stays = (list(column) for column in zip(*answers, strict=True))
    return survey_frame(ratings, days=days, stays=stays)


# ── Published numbers ───────────────────────────────────────────────────────────────────────────────


def test_freireich_remissions_as_customers() -> None:
    found = churn(freireich(), horizon=10).frame.set_index("nps_class")
    promoter = found.loc["promoter"]
    assert promoter["churn_probability"] == pytest.approx(1 - 0.752941, abs=6e-7)
    assert [promoter["churn_lower"], promoter["churn_upper"]] == pytest.approx(
        [1 - 0.8894, 1 - 0.5032], abs=5e-5
    )
    assert found.loc["detractor", "churn_probability"] == pytest.approx(13 / 21)
    assert (promoter["n"], promoter["lost"]) == (21, 5)
    assert (found.loc["passive", "n"], found.loc["passive", "lost"]) == (0, 0)


def test_freireich_restricted_mean_of_23_weeks() -> None:
    found = churn(freireich(), horizon=23)
    means = found.frame["mean_stay"].tolist()
    assert means[2] == pytest.approx(17.909244, abs=6e-7)
    assert found.stay_difference == pytest.approx(17.909244 - np.mean(PLACEBO), abs=6e-7)


def test_differences_come_from_the_intervals_of_their_parts() -> None:
    found = churn(freireich(), horizon=10)
    for gap, interval, names in (
        (
            found.churn_difference,
            found.churn_difference_interval,
            ["churn_probability", "churn_lower", "churn_upper"],
        ),
        (found.stay_difference, found.stay_difference_interval, ["mean_stay", "stay_lower", "stay_upper"]),
    ):
        estimate, lower, upper = found.frame.loc[[2, 0], names].to_numpy().T
        expected = [float(bound) for bound in mover_interval(estimate, lower, upper)]
        assert bounds(interval) == pytest.approx(expected)
        assert gap == pytest.approx(estimate[0] - estimate[1])


# ── No immortal time ────────────────────────────────────────────────────────────────────────────────


def world_without_effect(rng: np.random.Generator) -> pd.DataFrame:
    """Who has stayed long when asked rates high; leaving depends on nothing at all."""
    n = 600
    stay = rng.exponential(200, n)
    asked = rng.uniform(0, 300, n)
    alive = stay > asked
    stay, asked = stay[alive], asked[alive]
    rating = np.where(rng.random(asked.size) < asked / 300, 10, 3)
    first = rng.integers(0, 60, asked.size)
    left = first + np.ceil(stay).astype(int)
    frame = survey_frame(rating.tolist(), days=(first + np.floor(asked)).astype(int).tolist())
    frame["first"] = pd.to_datetime([day(number) for number in first])
    frame["left"] = pd.to_datetime([day(number) for number in left])
    return frame


def test_ratings_without_effect_show_none_from_the_answer_but_one_from_the_first_purchase() -> None:
    """Whoever is asked late has stayed until then: counted from the start, that looks like loyalty."""
    rng = np.random.default_rng(12)
    honest, immortal = [], []
    for _ in range(12):
        world = world_without_effect(rng)
        honest.append(churn(world, horizon=60))
        immortal.append(churn(world, answered="first", horizon=180))
    assert sum(found.churn_difference_interval.contains(0.0) for found in honest) >= 10
    assert abs(np.mean([found.churn_difference for found in honest])) < 0.04
    assert all(found.churn_difference_interval.upper < 0 for found in immortal)
    assert np.mean([found.churn_difference for found in immortal]) < -0.2


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(ANSWERS, st.integers(1, 150))
@examples(20)
def test_each_class_has_the_curve_of_its_customers(
    answers: list[tuple[int, int, int | None]], horizon: int
) -> None:
    """From the frame to the table, the same as the curve of durations worked out here."""
    seen = [
        (
            rating,
            min(LAST - asked, math.inf if stay is None else stay),
            stay is not None and asked + stay <= LAST,
        )
        for rating, asked, stay in answers
    ]
    longest = max(stay for _, stay, _ in seen)
    if horizon > longest and any(not gone for _, _, gone in seen):
        return
    try:
        found = churn(of_answers(answers), horizon=horizon)
    except InvalidInputError as error:
        assert "`horizon` must be at most" in str(error)  # noqa: PT017
        return
    for place, (low, high) in enumerate(((0, 6), (7, 8), (9, 10))):
        rows = [(stay, gone) for rating, stay, gone in seen if low <= rating <= high]
        row = found.frame.iloc[place]
        assert row["n"] == len(rows)
        curve = kaplan_meier([stay for stay, _ in rows], [gone for _, gone in rows])
        survival, lower, upper = curve.at(horizon)
        got = [row["churn_probability"], row["churn_lower"], row["churn_upper"]]
        np.testing.assert_allclose(got, [1 - survival, 1 - upper, 1 - lower], atol=1e-12)
        assert row["churn_lower"] < row["churn_upper"]
        assert row["stay_lower"] < row["stay_upper"]


@given(ANSWERS)
@examples(10)
def test_a_mirrored_scale_mirrors_the_difference(answers: list[tuple[int, int, int | None]]) -> None:
    mirrored = [(10 - rating, asked, stay) for rating, asked, stay in answers]
    scale = RatingScale(detractor_max=1, promoter_min=4)
    first = churn(of_answers(answers), horizon=1)
    second = churn(of_answers(mirrored), horizon=1, scale=scale)
    for name in ("churn_difference", "stay_difference"):
        assert getattr(first, name) == pytest.approx(-getattr(second, name), nan_ok=True)
        lower, upper = bounds(getattr(first, f"{name}_interval"))
        assert (-upper, -lower) == pytest.approx(bounds(getattr(second, f"{name}_interval")))


@given(ANSWERS, st.integers(2, 4))
@examples(8)
def test_more_customers_like_these_narrow_the_interval(
    answers: list[tuple[int, int, int | None]], copies: int
) -> None:
    once = churn(of_answers(answers), horizon=1)
    often = churn(of_answers(answers * copies), horizon=1)
    assert often.churn_difference == pytest.approx(once.churn_difference, nan_ok=True)
    assert often.churn_difference_interval.width <= once.churn_difference_interval.width + 1e-12


def test_the_order_of_rows_and_later_answers_change_nothing() -> None:
    survey = survey_frame([10, 3, 9, 2], days=[5, 6, 7, 8], stays=[None, 40, 70, 20])
    again = survey.assign(rating=[0.0, 10.0, 8.0, 10.0], asked=survey["asked"] + pd.Timedelta(days=10))
    first = churn(survey)
    both = churn(pd.concat([again, survey]).sample(frac=1, random_state=1, ignore_index=True))
    pd.testing.assert_frame_equal(first.frame, both.frame)
    assert (first.n_repeated, both.n_repeated) == (0, 4)


# ── What counts, and what is left out ───────────────────────────────────────────────────────────────


def test_what_is_left_out_is_counted() -> None:
    survey = survey_frame(
        [10, 3, None, 5, 7], days=[0, 0, 0, LAST + 1, 0], stays=[None, 30, None, None, LAST + 5]
    )
    survey.loc[2, "asked"] = pd.NaT
    found = churn(survey)
    assert (found.n, found.n_missing, found.n_after_end, found.n_repeated) == (3, 1, 1, 0)
    # A loss after the end has not been seen.
    assert found.frame["lost"].tolist() == [1, 0, 0]
    off = churn(survey.assign(rating=[10, 3, None, 5, 11]), invalid="missing")
    assert (off.n, off.n_invalid) == (2, 1)


def test_the_same_answer_twice_on_a_day_is_one_customer() -> None:
    survey = survey_frame([10, 9, 3], customers=["a", "a", "b"], stays=[None, None, 10])
    assert (churn(survey).n, churn(survey).n_repeated) == (2, 1)


def test_a_horizon_may_name_its_unit() -> None:
    survey = survey_frame([10, 3, 9, 2], stays=[None, 40, 70, 20])
    month = churn(survey, horizon=Horizon(1, "month"))
    assert month.horizon == pytest.approx(30.4375)
    assert month.frame["lost"].tolist() == [1, 0, 0]


def test_a_class_that_was_not_followed_so_long_says_so() -> None:
    survey = survey_frame([10, 3], days=[300, 0], stays=[None, None])
    found = churn(survey, horizon=180)
    promoter = found.frame.set_index("nps_class").loc["promoter"]
    assert math.isnan(promoter["churn_probability"])
    assert (promoter["churn_lower"], promoter["churn_upper"]) == (0.0, 1.0)
    assert found.reason == "no passive answered; no promoter was followed for more than 65 days"
    assert math.isnan(found.churn_difference)
    assert found.churn_difference_interval.lower < 0 < found.churn_difference_interval.upper


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_lost_has_honest_bounds() -> None:
    found = churn(survey_frame([10] * 20 + [0] * 20, stays=[None] * 40))
    bound = 1 - 0.025 ** (1 / 20)
    rows = found.frame.set_index("nps_class").loc[["promoter", "detractor"]]
    assert rows["churn_probability"].tolist() == [0.0, 0.0]
    assert rows["churn_upper"].tolist() == pytest.approx([bound, bound])
    assert bounds(found.churn_difference_interval) == pytest.approx((-bound, bound))
    assert found.stay_difference == 0.0
    assert found.stay_difference_interval.lower < 0 < found.stay_difference_interval.upper


def test_one_customer_and_all_of_one_class() -> None:
    found = churn(survey_frame([10], stays=[20]))
    assert found.frame["nps_class"].tolist() == CLASSES
    assert found.frame["n"].tolist() == [0, 0, 1]
    assert found.frame["churn_probability"].tolist()[2] == 1.0
    assert math.isnan(found.churn_difference)
    assert bounds(found.churn_difference_interval) == pytest.approx((-1.0, 1.0))
    assert "no detractor answered" in str(found.reason)


def test_the_result_reads_as_an_association() -> None:
    text = str(churn(survey_frame([10, 3, 9, 2], stays=[None, 40, 70, 20])))
    assert "Within 90 days of the answer, churn of promoters less that of detractors: -50.0 points" in text
    assert "an association among those who answered" in text


# ── What is refused ─────────────────────────────────────────────────────────────────────────────────

GOOD = survey_frame([10, 3, 9, 2], stays=[None, 40, 70, 20])


@pytest.mark.parametrize(
    ("survey", "changes", "message"),
    [
        (
            GOOD.assign(left=pd.to_datetime(["2023-12-27", None, None, None])),
            {},
            (
                r"`lost` \(column 'left'\) must be the day of the answer or later, got a day 5 days before "
                r"it at position 0 \(1 of 4 values\); leave out answers that customers gave after"
            ),
        ),
        (
            GOOD.assign(rating=[10, 3, 11, 2]),
            {},
            r"`rating` \(column 'rating'\) must be whole numbers from 0 to 10, got 11 at position 2 ",
        ),
        (
            GOOD.assign(rating=["10", "9", "1", "2"]),
            {},
            r"`rating` \(column 'rating'\) must be whole numbers",
        ),
        (
            GOOD.assign(rating=[True, False, True, True]),
            {},
            r"`rating` \(column 'rating'\) must be whole numbers",
        ),
        (
            GOOD.assign(asked=pd.to_datetime(["2024-01-01", None, "2024-01-01", "2024-01-01"])),
            {},
            r"`answered` \(column 'asked'\) must be present wherever there is a rating, got null ",
        ),
        (
            GOOD.assign(left=["soon", None, None, None]),
            {},
            r"`lost` \(column 'left'\) must be ISO dates .* got 'soon' at position 0",
        ),
        (
            GOOD.assign(id=["a", None, "c", "d"]),
            {},
            r"`customer` \(column 'id'\) must be present in every row",
        ),
        (
            GOOD.assign(id=["a", "a", "c", "d"], left=pd.NaT),
            {},
            r"`rating` must be of one class where a customer answers twice on the first day, got 1 of 3 ",
        ),
        (
            GOOD.assign(id=["a", "b", "a", "d"]),
            {},
            r"`lost` must be one date a customer, got more than one for 1 of 3 customers; keep the date",
        ),
        (
            GOOD.assign(rating=np.nan),
            {},
            "`survey` must have at least one answer by `end`, got none",
        ),
        (GOOD, {"end": "2023-12-31"}, "`survey` must have at least one answer by `end`, got none"),
        (GOOD, {"end": "soon"}, "`end` must be a date or ISO text"),
        (
            GOOD.assign(left=pd.NaT),
            {"horizon": 400},
            (
                "`horizon` must be at most 365 days, the longest that a customer was followed after an "
                "answer, got 400; move `end` or shorten the horizon"
            ),
        ),
        (GOOD, {"horizon": 0}, "`horizon` must be a finite number greater than 0, got 0"),
        (GOOD, {"horizon": math.inf}, "`horizon` must be a finite number greater than 0, got inf"),
        (GOOD, {"scale": "0-10"}, "`scale` must be a RatingScale, got '0-10'; write for instance"),
        (GOOD, {"confidence_level": 95}, "`confidence_level` must be"),
        (GOOD, {"invalid": "drop"}, "`invalid` must be one of"),
        (GOOD, {"time_zone": "Mars/Base"}, "`time_zone` must be"),
        ([1, 2], {}, "`survey` must be a pandas or Polars data frame"),
    ],
)
def test_what_cannot_be_is_refused(survey: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        churn(survey, **changes)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(MissingColumnError, match="`lost` must be a column of the frame, got 'gone'"):
        churn(GOOD, lost="gone")
