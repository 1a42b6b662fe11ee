"""Which way a score is going, and whether waves differ by more than chance."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import linregress

from customer_centric._methods.survey_design import Answers
from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.nps import NpsTrend, net_promoter_score, nps_trend
from customer_centric.nps._waves import fit_line, wave_errors
from effort import examples

DAYS = [f"2024-{month:02d}-15" for month in range(1, 13)]
ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([10, 9, 7, 3, 0]), st.integers(0, 9)),
    min_size=1,
    max_size=40,
)


def waves(*counts: tuple[int, int, int], months: list[int] | None = None) -> pd.DataFrame:
    """Promoters, passives and detractors of each month."""
    used = range(len(counts)) if months is None else months
    rows = [
        (DAYS[month], rating)
        for month, count in zip(used, counts, strict=True)
        for rating, n in zip((10, 7, 0), count, strict=True)
        for _ in range(n)
    ]
    return pd.DataFrame(rows, columns=["day", "rating"])


def survey(rows: list[tuple[int, int, int]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "day": [DAYS[m] for m, _, _ in rows],
            "rating": [r for _, r, _ in rows],
            "who": [c for _, _, c in rows],
        }
    )


def trend(frame: Any, period: str = "month", **options: Any) -> NpsTrend[Any]:
    return nps_trend(frame, rating="rating", answered="day", period=period, **options)  # type: ignore[arg-type]  # any text


def middles(months: list[int]) -> np.ndarray:
    """Middles of months of 2024 in years."""
    edges = np.array([date(2024 + m // 12, m % 12 + 1, 1).toordinal() for m in range(13)])
    return ((edges[1:] + edges[:-1]) / 2 / 365.25)[months]


# ── Independent numbers ─────────────────────────────────────────────────────────────────────────────


def test_waves_that_scatter_give_the_regression_of_their_scores() -> None:
    """30 and -30 have equal sampling errors, so Birge's ratio leaves ordinary least squares."""
    up, down = (50, 30, 20), (20, 30, 50)
    found = trend(waves(up, down, down, up, up, up))
    t = middles([0, 1, 2, 3, 4, 5])
    expected = linregress(t, [30, -30, -30, 30, 30, 30])
    assert found.slope == pytest.approx(expected.slope)
    assert found.standard_error == pytest.approx(expected.stderr)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.degrees_of_freedom == 4
    reach = 2.7764451051977987 * expected.stderr
    assert found.interval.lower == pytest.approx(expected.slope - reach)
    assert found.dispersion > 5
    assert f"waves scatter {found.dispersion:.1f} times as much as sampling explains" in str(found)
    # The scatter is that of the waves without that of their answers.
    sampling = 7.8496**2
    around = np.sum((np.array([30, -30, -30, 30, 30, 30]) - expected.intercept - expected.slope * t) ** 2) / 4
    assert found.between_sd**2 == pytest.approx(around - sampling, rel=5e-3)


def test_waves_on_a_line_have_the_error_of_their_answers() -> None:
    """30, 30, 30 in January, February, March: the slope's error is that of a contrast of 100-answer waves."""
    found = trend(waves(*[(50, 30, 20)] * 3))
    t = middles([0, 1, 2])
    assert found.slope == pytest.approx(0, abs=1e-9)
    assert found.dispersion == pytest.approx(0, abs=1e-9)
    assert (found.degrees_of_freedom, found.between_sd) == (math.inf, 0)
    plain = 7.8496 / math.sqrt(((t - t.mean()) ** 2).sum())
    assert found.standard_error == pytest.approx(plain, rel=2e-3)
    assert found.interval.upper == pytest.approx(1.959964 * found.standard_error)
    assert found.detectable == pytest.approx((1.959964 + 0.841621) * found.standard_error, rel=1e-6)


def test_two_waves_are_a_difference_over_the_time_between_them() -> None:
    found = trend(waves((65, 55, 30), (50, 30, 20), months=[0, 6]))
    years = np.diff(middles([0, 6]))[0]
    assert found.slope == pytest.approx(20 / 3 / years)
    assert found.standard_error == pytest.approx(9.98 / years, rel=1e-2)
    assert math.isnan(found.dispersion)


def test_waves_of_different_sizes_weigh_by_their_answers() -> None:
    found = trend(waves((5, 3, 2), (500, 300, 200), (60, 25, 15), months=[0, 3, 6]))
    expected = np.polyfit(middles([0, 3, 6]), [30, 30, 45], 1, w=np.sqrt([10, 1000, 100]))
    assert found.slope == pytest.approx(expected[0])


def test_waves_with_effects_of_their_own_weigh_almost_alike() -> None:
    """Large waves are no surer than small ones of where the line runs once effects outweigh sampling."""
    found = trend(waves((500, 300, 200), (20, 30, 50), (100, 300, 600), (60, 30, 10), (300, 300, 400)))
    scores = [30, -30, -50, 50, -10]
    expected = linregress(middles([0, 1, 2, 3, 4]), scores)
    assert found.between_sd > 20
    assert found.slope == pytest.approx(expected.slope, abs=6)
    assert found.standard_error == pytest.approx(expected.stderr, rel=0.1)


def test_a_wave_has_the_interval_of_its_score() -> None:
    frame = waves((50, 30, 20), (10, 0, 0))
    table = trend(frame).frame
    for row, day in zip(table.itertuples(), DAYS[:2], strict=True):
        alone = net_promoter_score(frame.loc[frame["day"] == day, "rating"])
        assert (row.score, row.lower, row.upper) == pytest.approx(
            (alone.score, alone.interval.lower, alone.interval.upper)
        )
    assert table["day"].dt.date.tolist() == [date(2024, 1, 1), date(2024, 2, 1)]


def test_control_limits_come_from_the_answers() -> None:
    """400/350/250 in all: 15 plus and minus 1.96 standard errors of a wave of its size."""
    table = trend(waves((40, 35, 25), (360, 315, 225))).frame
    spread = 0.65 - 0.15**2
    expected = 100 * 1.959964 * np.sqrt(spread / np.array([100, 900]))
    assert (table["limit_upper"] - 15).to_numpy() == pytest.approx(expected, rel=5e-3)
    assert (15 - table["limit_lower"]).to_numpy() == pytest.approx(expected, rel=5e-3)


def simulated(rng: np.random.Generator, n: int, *, panel: bool, effect: float) -> tuple[Answers, np.ndarray]:
    """Eight waves without a trend; latent answers correlate .5 within customers of a panel."""
    person = rng.standard_normal(n) if panel else rng.standard_normal((8, n))
    latent = (person + rng.standard_normal((8, n))) / math.sqrt(2) + effect * rng.standard_normal((8, 1))
    value = np.where(latent > 0, 1.0, np.where(latent < -0.84, -1.0, 0.0)).ravel()
    ones = np.ones(value.size)
    cluster = np.tile(np.arange(n), 8) if panel else None
    answers = Answers(value, ones, ones, ones, np.repeat(np.arange(8), n), 8, cluster)
    return answers, value.reshape(8, n).mean(axis=1)


@pytest.mark.parametrize(("panel", "effect"), [(False, 0.0), (True, 0.0), (False, 0.15), (True, 0.15)])
@pytest.mark.parametrize("n", [15, 100])
def test_intervals_of_the_slope_cover_what_they_say(n: int, panel: bool, effect: float) -> None:
    """With and without a panel, with and without effects of waves beyond sampling: 93 to 98.5 %."""
    from scipy.stats import t

    rng = np.random.default_rng(12)
    hits = 0
    for _ in range(500):
        answers, net = simulated(rng, n, panel=panel, effect=effect)
        line = fit_line(np.arange(8.0), net, wave_errors(answers, net))
        hits += abs(line.slope) <= t.ppf(0.975, line.degrees_of_freedom) * line.standard_error
    assert 0.93 <= hits / 500 <= 0.99


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(ROWS)
@examples(30)
def test_turning_the_scale_round_changes_the_sign(rows: list[tuple[int, int, int]]) -> None:
    """Promoters become detractors and the other way round."""
    there = trend(survey(rows), cluster="who")
    mirror = {10: 0, 9: 3, 7: 7, 3: 9, 0: 10}
    back = trend(survey([(m, mirror[r], c) for m, r, c in rows]), cluster="who")
    assert back.centre == pytest.approx(-there.centre)
    assert back.slope == pytest.approx(-there.slope, nan_ok=True, abs=1e-7)
    assert back.standard_error == pytest.approx(there.standard_error)


@given(ROWS)
@examples(30)
def test_customers_who_answer_once_are_answers_of_their_own(rows: list[tuple[int, int, int]]) -> None:
    once = survey([(m, r, i) for i, (m, r, _) in enumerate(rows)])
    named, plain = trend(once, cluster="who"), trend(once)
    assert named.slope == pytest.approx(plain.slope, nan_ok=True, abs=1e-7)
    assert named.standard_error == pytest.approx(plain.standard_error)
    pd.testing.assert_frame_equal(named.frame, plain.frame)


@given(ROWS)
@examples(30)
def test_bounds_are_honest_for_any_waves(rows: list[tuple[int, int, int]]) -> None:
    found = trend(survey(rows), cluster="who")
    assert found.n == len(rows)
    assert found.interval.width > 1
    if found.n_waves == 1:
        assert found.reason == "one wave shows none"
    else:
        assert found.interval.contains(found.slope)
        assert 0 <= found.p_value <= 1
        assert 0 < found.detectable < math.inf
    table = found.frame
    assert ((table["lower"] <= table["score"]) & (table["score"] <= table["upper"])).all()
    assert (table["limit_lower"] <= found.centre + 1e-9).all()
    assert (table["limit_upper"] - table["limit_lower"] > 1).all()
    assert table[["limit_lower", "limit_upper"]].abs().to_numpy().max() <= 100


@given(ROWS, st.floats(0.01, 100))
@examples(20)
def test_constant_weights_change_nothing(rows: list[tuple[int, int, int]], constant: float) -> None:
    plain, weighted = trend(survey(rows)), trend(survey(rows).assign(w=constant), weight="w")
    assert weighted.slope == pytest.approx(plain.slope, nan_ok=True, abs=1e-6)
    assert weighted.standard_error == pytest.approx(plain.standard_error)


@given(ROWS)
@examples(15)
def test_the_order_of_rows_changes_nothing(rows: list[tuple[int, int, int]]) -> None:
    there, back = trend(survey(rows), cluster="who"), trend(survey(rows[::-1]), cluster="who")
    assert back.slope == pytest.approx(there.slope, nan_ok=True, abs=1e-9)
    assert back.standard_error == pytest.approx(there.standard_error)


# ── Panels ──────────────────────────────────────────────────────────────────────────────────────────


def test_repeated_customers_sharpen_a_trend() -> None:
    """Their level cancels in the slope; taken for different people it would be taken for noise."""
    rng = np.random.default_rng(3)
    person = rng.standard_normal(200)
    latent = 0.8 * person + 0.6 * rng.standard_normal((6, 200))
    frame = pd.DataFrame(
        {
            "day": np.repeat(DAYS[:6], 200),
            "rating": np.where(latent > 0, 10, np.where(latent < -0.84, 0, 7)).ravel(),
            "who": np.tile(np.arange(200), 6),
        }
    )
    named, plain = trend(frame, cluster="who"), trend(frame)
    assert named.slope == pytest.approx(plain.slope)
    sampling = [t.standard_error / math.sqrt(max(1, t.dispersion)) for t in (named, plain)]
    assert sampling[0] < 0.8 * sampling[1]


def test_repeated_answers_within_a_wave_are_not_new_customers() -> None:
    frame = waves((5, 3, 2), (3, 3, 4))
    copies = pd.concat([frame.assign(who=frame.index)] * 5)
    once, five = trend(frame), trend(copies, cluster="who")
    assert five.slope == pytest.approx(once.slope)
    assert five.standard_error == pytest.approx(once.standard_error)
    assert trend(copies).standard_error < 0.6 * once.standard_error


def test_customers_who_never_change_still_leave_doubt() -> None:
    frame = pd.DataFrame({"day": np.repeat(DAYS[:4], 10), "rating": [10] * 40, "who": [*range(10)] * 4})
    found = trend(frame, cluster="who")
    assert found.slope == pytest.approx(0, abs=1e-9)
    assert found.interval.width > 10


# ── Any engine, any period ──────────────────────────────────────────────────────────────────────────


def as_duckdb(table: pd.DataFrame) -> Any:
    import duckdb

    return duckdb.from_df(table)


@pytest.mark.parametrize(
    ("convert", "back"),
    [
        (pl.from_pandas, lambda table: table.to_pandas()),
        (lambda table: pl.from_pandas(table).lazy(), lambda table: table.collect().to_pandas()),
        (pa.Table.from_pandas, lambda table: table.to_pandas()),
        (as_duckdb, lambda table: table.df()),
    ],
    ids=["polars", "polars lazy", "pyarrow", "duckdb"],
)
def test_every_engine_gives_the_same_and_its_own_kind_back(convert: Any, back: Any) -> None:
    frame = waves((5, 3, 2), (3, 3, 4), (6, 2, 2)).assign(who=[*range(15)] * 2)
    expected, found = trend(frame, cluster="who"), trend(convert(frame), cluster="who")
    assert type(found.frame) is type(convert(frame))
    assert (found.slope, found.standard_error) == pytest.approx((expected.slope, expected.standard_error))
    numbers = [name for name in expected.frame.columns if name != "day"]
    pd.testing.assert_frame_equal(back(found.frame)[numbers], expected.frame[numbers], check_dtype=False)
    assert pd.to_datetime(back(found.frame)["day"]).tolist() == expected.frame["day"].tolist()


@pytest.mark.parametrize(
    ("period", "starts"),
    [
        ("day", ["2024-01-15", "2024-02-15", "2024-08-15"]),
        ("week", ["2024-01-15", "2024-02-12", "2024-08-12"]),
        ("month", ["2024-01-01", "2024-02-01", "2024-08-01"]),
        ("quarter", ["2024-01-01", "2024-07-01"]),
        ("year", ["2024-01-01"]),
    ],
)
def test_waves_start_with_their_periods_and_empty_periods_are_absent(period: str, starts: list[str]) -> None:
    found = trend(waves((5, 3, 2), (5, 3, 2), (8, 1, 1), months=[0, 1, 7]), period)
    assert [str(day.date()) for day in found.frame["day"]] == starts
    assert found.n_waves == len(starts)


def test_a_gap_is_as_long_as_it_is() -> None:
    """The same two scores one month and six months apart."""
    near, far = (trend(waves((5, 3, 2), (8, 1, 1), months=[0, m])) for m in (1, 6))
    spans = [np.diff(middles([0, m]))[0] for m in (1, 6)]
    assert near.slope * spans[0] == pytest.approx(far.slope * spans[1]) == pytest.approx(40)


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────


def test_one_wave_has_no_trend_and_says_why() -> None:
    found = trend(waves((5, 3, 2)))
    assert math.isnan(found.slope)
    assert math.isnan(found.p_value)
    assert (found.interval.lower, found.interval.upper) == (-math.inf, math.inf)
    assert (found.detectable, found.n_waves) == (math.inf, 1)
    assert str(found) == "NPS 30.0 from 10 answers in 1 wave: no trend, one wave shows none"


def test_waves_without_an_answer_are_shown_and_left_out() -> None:
    frame = waves((5, 3, 2), (1, 0, 0), (8, 1, 1)).astype({"rating": float})
    frame.loc[frame["day"] == DAYS[1], "rating"] = np.nan
    found = trend(frame)
    row = found.frame.iloc[1]
    assert (row["n"], row["n_missing"], row["lower"], row["upper"]) == (0, 1, -100, 100)
    assert math.isnan(row["score"])
    assert (found.n_waves, found.n_missing, found.n) == (2, 1, 20)


def test_one_answer_in_a_wave_is_no_certainty() -> None:
    found = trend(waves((1, 0, 0), (0, 0, 1), (1, 0, 0)))
    assert found.interval.lower < -1000 < 1000 < found.interval.upper


def test_the_sentence_says_what_could_have_been_found() -> None:
    found = trend(waves((50, 30, 20), (55, 25, 20)))
    text = str(found)
    assert text.startswith(f"NPS trend {found.slope:+.1f} points per year (95 % interval ")
    assert text.endswith(f"smallest trend found with 80 % power: {found.detectable:.1f} points per year")
    assert "<strong>" in found._repr_html_()


# ── Refusals ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"period": "fortnight"},
            "`period` must be one of 'day', 'week', 'month', 'quarter', 'year', got 'fortnight'",
        ),
        ({"power": 1}, "`power` must be a finite number greater than 0 and less than 1, got 1"),
        (
            {"confidence_level": 0},
            "`confidence_level` must be a finite number greater than 0 and less than 1, got 0",
        ),
        ({"time_zone": "UTC"}, "`time_zone` must be None where `answered` (column 'day') holds"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        trend(waves((5, 3, 2), (5, 3, 2)), **change)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            waves((5, 3, 2)).assign(rating=np.nan),
            "`survey` must have at least one answer with a weight greater than 0, got 10 rows without one",
        ),
        (
            waves((5, 3, 2)).head(0),
            "`survey` must have at least one answer with a weight greater than 0, got 0 rows without one",
        ),
        (waves((5, 3, 2)).assign(rating=11), "`rating` (column 'rating') must be whole numbers from 0 to 10"),
        (waves((5, 3, 2)).assign(day="soon"), "`answered` (column 'day') must be ISO dates"),
        (waves((5, 3, 2)).assign(day=None), "`answered` (column 'day') must be present in every row"),
        ({"rating": [1]}, "`survey` must be a pandas or Polars data frame"),
    ],
)
def test_surveys_without_a_trend_in_them_are_refused(frame: Any, message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        trend(frame)
    assert str(error.value).startswith(message)


def test_columns_must_be_there_and_not_be_those_of_the_result() -> None:
    frame = waves((5, 3, 2))
    with pytest.raises(MissingColumnError, match=r"^`cluster` must be a column of the frame, got 'id'"):
        trend(frame, cluster="id")
    renamed = frame.rename(columns={"day": "score"})
    with pytest.raises(
        InvalidInputError, match=r"^`answered` must name a column other than those of the result"
    ):
        nps_trend(renamed, rating="rating", answered="score", period="month")
