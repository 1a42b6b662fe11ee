"""How many points a theme moves the score: by hand, laws, edges, every engine, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv._logs import ENGINES, LAZY, columns_of
from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.intervals import tango_interval, wilson_interval
from customer_centric.nps import RatingScale, ThemeImpact, net_promoter_score, theme_impact
from customer_centric.nps._themes_estimates import impact_interval
from effort import examples

THEMES = ["delivery", "price", "staff"]
engines = pytest.mark.parametrize("engine", ENGINES)
lazy = pytest.mark.parametrize("engine", LAZY)


def survey_of(seed: int = 1, n: int = 120) -> pd.DataFrame:
    """Answers of accounts that agree among themselves, and what their comments mention."""
    rng = np.random.default_rng(seed)
    account = rng.integers(0, max(n // 4, 1), n)
    mood = rng.normal(size=n // 4 + 1)[account] + rng.normal(size=n)
    frame = pd.DataFrame({"rating": np.clip(np.rint(8 + 1.5 * mood), 0, 10).astype(int)})
    frame["delivery"] = (rng.normal(size=n) - 0.7 * mood > 0.6).astype(int)
    frame["price"] = (rng.uniform(size=n) < 0.2).astype(int)
    frame["staff"] = (rng.normal(size=n) + 0.7 * mood > 0.8).astype(int)
    frame["account"] = [f"a{i}" for i in account]
    return frame


def impact(frame: Any, **arguments: Any) -> ThemeImpact[Any]:
    return theme_impact(frame, **({"rating": "rating", "themes": THEMES} | arguments))


def by_theme(found: ThemeImpact[pd.DataFrame]) -> pd.DataFrame:
    return found.frame.set_index("theme").loc[THEMES]


SEEDS = st.integers(0, 2**32 - 1)


# ── Numbers by hand ─────────────────────────────────────────────────────────────────────────────────


def test_ten_answers_by_hand() -> None:
    """5 promoters, 2 passives, 3 detractors: 20. Without the four who mention it: 4, 2, 0: 66.7."""
    frame = pd.DataFrame({"rating": [9, 10, 9, 10, 7, 8, 10, 6, 0, 3], "theme": [0] * 6 + [1] * 4})
    found = theme_impact(frame, rating="rating", themes=["theme"])
    row = found.frame.iloc[0]
    assert (found.score, found.n) == (pytest.approx(20.0), 10)
    assert row["mentions"] == 4
    assert row["share"] == pytest.approx(0.4)
    assert row["score_with"] == pytest.approx(-50.0)
    assert row["score_without"] == pytest.approx(400 / 6)
    assert row["impact"] == pytest.approx(20.0 - 400 / 6)
    assert row["impact"] == pytest.approx(0.4 * (-50.0 - 400 / 6))


def test_parts_have_the_intervals_they_are_named_after() -> None:
    """Tango's for the scores, Wilson's for the share, and the interval of the impact as it is written."""
    frame = pd.DataFrame({"rating": [9] * 20 + [7] * 8 + [2] * 2, "theme": [1] * 4 + [0] * 24 + [1] * 2})
    row = theme_impact(frame, rating="rating", themes=["theme"]).frame.iloc[0]
    (l1, l2), (u1, u2) = tango_interval([4, 16], [2, 0], [6, 24])
    lp, up = wilson_interval(6, 30)
    assert row[["score_with_lower", "score_with_upper"]].tolist() == pytest.approx([100 * l1, 100 * u1])
    assert row[["score_without_lower", "score_without_upper"]].tolist() == pytest.approx([100 * l2, 100 * u2])
    assert row[["share_lower", "share_upper"]].tolist() == pytest.approx([float(lp), float(up)])
    e1, e2, p = 2 / 6, 16 / 24, 0.2
    d, below, above = e1 - e2, np.hypot(e1 - l1, u2 - e2), np.hypot(u1 - e1, e2 - l2)
    # The difference is negative: more mentions move the impact down.
    low = p * d - np.sqrt((p * below) ** 2 + (d * (up - p)) ** 2 + ((up - p) * below) ** 2)
    high = p * d + np.sqrt((p * above) ** 2 + (d * (p - lp)) ** 2 + ((up - p) * above) ** 2)
    assert row[["impact", "lower", "upper"]].tolist() == pytest.approx([100 * p * d, 100 * low, 100 * high])


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@examples(40)
@given(SEEDS, st.integers(1, 60), st.booleans())
def test_the_impact_is_what_leaving_the_mentions_out_does(seed: int, n: int, clustered: bool) -> None:
    """And p / (1 - p) times the distance of the score of those who mention it."""
    frame = survey_of(seed, n)
    found = impact(frame, cluster="account" if clustered else None)
    table = found.frame
    assert found.score == pytest.approx(net_promoter_score(frame["rating"]).score)
    for row in table.to_dict("records"):
        others = frame["rating"][frame[row["theme"]] == 0]
        if others.empty:
            assert np.isnan(row["impact"])
            continue
        assert row["impact"] == pytest.approx(found.score - net_promoter_score(others).score)
        if row["mentions"]:
            p = row["share"]
            assert row["impact"] == pytest.approx(p / (1 - p) * (row["score_with"] - found.score), abs=1e-9)
    assert found.interval.contains(found.score)
    known = table.dropna(subset="impact")
    assert (known["lower"] < known["impact"]).all()
    assert (known["impact"] < known["upper"]).all()
    assert known["impact"].is_monotonic_increasing
    for name in ("share", "score_with", "score_without"):
        assert (table[f"{name}_lower"] < table[f"{name}_upper"]).all()


@examples(20)
@given(SEEDS)
def test_turning_the_scale_round_turns_the_impacts_round(seed: int) -> None:
    frame = survey_of(seed, 50)
    turned = frame.assign(rating=10 - frame["rating"])
    mirrored = RatingScale(detractor_max=1, promoter_min=4)
    found, other = by_theme(impact(frame)), by_theme(impact(turned, scale=mirrored))
    assert other["impact"].tolist() == pytest.approx((-found["impact"]).tolist(), nan_ok=True)
    assert other["lower"].tolist() == pytest.approx((-found["upper"]).tolist())


@examples(20)
@given(SEEDS)
def test_clusters_of_one_are_answers(seed: int) -> None:
    frame = survey_of(seed, 40)
    frame["alone"] = range(40)
    pd.testing.assert_frame_equal(impact(frame, cluster="alone").frame, impact(frame).frame)


def test_answers_seen_twice_narrow_the_bounds_unless_they_are_of_one_cluster() -> None:
    frame = survey_of()
    frame["customer"] = range(len(frame))
    doubled = pd.concat([frame, frame])
    width = [
        (found.frame["upper"] - found.frame["lower"]).to_numpy()
        for found in (impact(frame), impact(doubled), impact(doubled, cluster="customer"))
    ]
    assert (width[1] < 0.8 * width[0]).all()
    assert width[2] == pytest.approx(width[0], rel=0.03)


# ── How often the bounds hold ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("share", "n"), [(0.1, 40), (0.4, 40), (0.05, 150)])
def test_bounds_hold_the_truth_about_as_often_as_they_say(share: float, n: int) -> None:
    """Counts are all that matters: many surveys at once."""
    with_, without = np.array([0.6, 0.2, 0.2]), np.array([0.1, 0.3, 0.6])
    truth = share * ((with_[2] - with_[0]) - (without[2] - without[0]))
    probabilities = [*(share * with_), *((1 - share) * without)]
    counts = np.random.default_rng(9).multinomial(n, probabilities, size=2000).astype(float)
    _, low, high = impact_interval(counts[:, :3], counts[:, 3:], np.ones(2000), 0.95)
    assert ((low <= truth) & (truth <= high)).mean() >= 0.935


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_theme_that_nobody_mentions_may_still_matter_a_little() -> None:
    row = impact(survey_of().assign(price=0)).frame.query("theme == 'price'").iloc[0]
    assert row["impact"] == 0.0
    assert -6 < row["lower"] < 0 < row["upper"] < 6
    assert np.isnan(row["score_with"])
    assert row[["score_with_lower", "score_with_upper"]].tolist() == [-100.0, 100.0]


def test_a_theme_that_everybody_mentions_has_no_impact_and_says_why() -> None:
    found = impact(survey_of().assign(price=1))
    row = found.frame.iloc[-1]
    assert row["theme"] == "price"
    assert np.isnan(row["impact"])
    assert row["reason"] == "every answer mentions it"
    assert row["lower"] == pytest.approx(found.interval.lower - 100)
    assert row["upper"] == pytest.approx(found.interval.upper + 100)
    assert found.frame["reason"].isna().tolist() == [True, True, False]


def test_one_answer_and_unanimous_answers_have_bounds() -> None:
    one = impact(survey_of(1, 1))
    assert one.n == 1
    assert one.interval.width > 0
    same = impact(survey_of().assign(rating=10), cluster="account").frame
    assert same["impact"].tolist() == pytest.approx([0.0] * 3)
    assert (same["lower"] < 0).all()
    assert (same["upper"] > 0).all()


def test_one_cluster_is_one_answer_and_no_more() -> None:
    found = impact(survey_of().assign(account="a"), cluster="account")
    alone = net_promoter_score([10])
    assert found.interval.width > 0.8 * alone.interval.width


def test_rows_without_an_answer_are_left_out_and_counted() -> None:
    frame = survey_of().astype({"rating": float})
    frame.loc[2, ["rating", "price"]] = [np.nan, np.nan]
    frame.loc[5, "rating"] = 11
    found = impact(frame, invalid="missing")
    assert (found.n, found.n_missing, found.n_invalid) == (118, 1, 1)
    pd.testing.assert_frame_equal(found.frame, impact(frame.drop(index=[2, 5])).frame)


def test_it_says_what_it_found() -> None:
    pattern = r"NPS -?\d+\.\d \(95 % interval -?\d+\.\d to -?\d+\.\d\) from 120 answers; 0 rows left out"
    assert re.fullmatch(pattern, str(impact(survey_of())))


# ── Every engine ────────────────────────────────────────────────────────────────────────────────────


def gappy() -> pl.DataFrame:
    frame = pl.from_pandas(survey_of())
    gap = pl.int_range(pl.len()) == 7
    return frame.with_columns(
        pl.when(gap).then(None).otherwise("rating").alias("rating"),
        pl.when(gap).then(None).otherwise("price").alias("price"),
        pl.col("staff") == 1,
    )


@engines
@pytest.mark.parametrize("cluster", [None, "account"])
def test_every_engine_finds_the_same(engine: str, cluster: str | None) -> None:
    frame = ENGINES[engine](gappy())
    expected, found = impact(gappy(), cluster=cluster), impact(frame, cluster=cluster)
    assert type(found.frame) is type(frame)
    assert (found.n, found.n_missing, found.n_invalid) == (119, 1, 0)
    assert found.interval == expected.interval
    table, wanted = columns_of(found.frame), columns_of(expected.frame)
    assert list(table) == list(wanted)
    for name, values in table.items():
        if name in {"theme", "reason"}:
            assert values == wanted[name]
        else:
            assert values == pytest.approx(wanted[name], rel=1e-12)


@engines
def test_off_scale_answers_count_as_missing_in_every_engine(engine: str) -> None:
    frame = gappy().with_columns(rating=pl.col("rating").replace(10, 11))
    found = impact(ENGINES[engine](frame), invalid="missing")
    assert found.n_missing == 1
    assert found.n_invalid == int((frame["rating"] == 11).sum())


@lazy
@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("rating", 11.0, "`rating` (column 'rating') must be whole numbers from 0 to 10, got 11 (1 of 120"),
        ("price", 2.0, "`themes` (column 'price') must be 0 or 1 for every answer, got 2 (1 of 120 values)"),
        ("price", None, "`themes` (column 'price') must be 0 or 1 for every answer, got null (1 of 120"),
        ("account", None, "`cluster` (column 'account') must be present in every row, got null (1 of 120"),
    ],
)
def test_lazy_frames_are_refused_in_the_same_words(
    engine: str, column: str, value: float | None, message: str
) -> None:
    frame = pl.from_pandas(survey_of())
    if isinstance(value, float):
        frame = frame.with_columns(pl.col(column).cast(pl.Float64))
    changed = pl.when(pl.int_range(pl.len()) == 20).then(pl.lit(value)).otherwise(pl.col(column))
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        impact(ENGINES[engine](frame.with_columns(changed.alias(column))), cluster="account")


@lazy
def test_lazy_frames_refuse_what_no_row_can_mend(engine: str) -> None:
    frame = ENGINES[engine](pl.from_pandas(survey_of()))
    with pytest.raises(
        InvalidInputError, match=r"`themes` \(column 'account'\) must be 0 or 1, got a column"
    ):
        impact(frame, themes=["account"])
    with pytest.raises(InvalidInputError, match=r"`rating` \(column 'account'\) must be numbers"):
        impact(frame, rating="account")
    with pytest.raises(InvalidInputError, match="must have at least one answer, got 0 rows without one"):
        impact(ENGINES[engine](pl.from_pandas(survey_of()).head(0)))


# ── What is refused ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"themes": "price"}, "`themes` must be a list of at least one column, got 'price'"),
        ({"themes": []}, r"`themes` must be a list of at least one column, got \[\]"),
        (
            {"themes": ["price", "price"]},
            r"`themes` must be different columns, got 'price' twice \(1 of 2 themes\)",
        ),
        ({"themes": ["rating"]}, "`themes` must be another column than `rating`, got 'rating'"),
        ({"themes": ["text"]}, r"`themes` \(column 'text'\) must be 0 or 1, got a column of type"),
        (
            {"themes": ["count"]},
            r"`themes` \(column 'count'\) must be 0 or 1 for every answer, got 2 at position 3 \(2 of 120 ",
        ),
        (
            {"themes": ["gap"]},
            r"`themes` \(column 'gap'\) must be 0 or 1 for every answer, got null at position 3 \(1 of 120",
        ),
        (
            {"rating": "off"},
            r"`rating` \(column 'off'\) must be whole numbers from 0 to 10, got 8.5 at position 3 \(1 of 120",
        ),
        ({"rating": "text"}, r"`rating` \(column 'text'\) must be whole numbers"),
        ({"rating": "nothing"}, r"`rating` \(column 'nothing'\) must have at least one answer, got 120 rows"),
        ({"invalid": "drop"}, "`invalid` must be one of 'raise', 'missing', got 'drop'"),
        ({"confidence_level": 1}, "`confidence_level` must be"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], message: str) -> None:
    frame = survey_of().assign(text="good", count=1, nothing=np.nan)
    frame.loc[[3, 4], "count"] = 2
    frame["gap"] = frame["price"].where(frame.index != 3)
    frame["off"] = frame["rating"].where(frame.index != 3, 8.5)
    with pytest.raises(InvalidInputError, match=message):
        impact(frame, **arguments)


def test_missing_columns_are_named() -> None:
    with pytest.raises(MissingColumnError, match="`themes` must be a column of the frame, got 'app'"):
        impact(survey_of(), themes=["app"])
    with pytest.raises(MissingColumnError, match="`rating` must be a column of the frame, got 'nps'"):
        impact(survey_of(), rating="nps")
