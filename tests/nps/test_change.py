"""Why a score changed: who answered, or how they answered."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.nps import (
    NpsChange,
    compare_nps,
    decompose_change,
    decompose_nps_change,
    net_promoter_score,
)
from effort import examples

ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from([10, 9, 8, 7, 3, 0, None])), min_size=1, max_size=30
).filter(lambda rows: any(rating is not None for _, rating in rows))
BEFORE = pd.DataFrame({"plan": ["pro"] * 6 + ["free"] * 4, "rating": [10, 9, 9, 8, 10, 7, 5, 7, 9, 6]})
AFTER = pd.DataFrame({"plan": ["pro"] * 3 + ["free"] * 7, "rating": [10, 9, 9, 9, 7, 6, 7, 5, 8, 4]})


def frame(rows: list[tuple[str, int | None]]) -> pd.DataFrame:
    return pd.DataFrame(
        {"plan": [p for p, _ in rows], "rating": pd.array([r for _, r in rows], dtype="Float64")}
    )


def decomposed(before: Any, after: Any, **options: Any) -> NpsChange[Any]:
    return decompose_nps_change(before, after, by="plan", rating="rating", **options)


def counted(plan: str, promoters: int, passives: int, detractors: int) -> list[tuple[str, int | None]]:
    return [(plan, 10)] * promoters + [(plan, 7)] * passives + [(plan, 0)] * detractors


# ── Numbers ─────────────────────────────────────────────────────────────────────────────────────────


def test_kitagawa_parts_of_a_score_that_falls_while_every_segment_improves() -> None:
    """Shares .6, .4 to .4, .6 and scores 40, 10 to 42, 14: -2.8 in all is -5.8 of mix and 3 of rate."""
    before = frame(counted("pro", 300, 240, 60) + counted("free", 160, 120, 120))
    after = frame(counted("pro", 208, 152, 40) + counted("free", 264, 156, 180))
    found = decomposed(before, after)
    mix = (0.4 - 0.6) * (40 + 42) / 2 + (0.6 - 0.4) * (10 + 14) / 2
    rate = (42 - 40) * 0.5 + (14 - 10) * 0.5
    assert (found.mix, found.rate) == pytest.approx((mix, rate))
    assert (found.mix, found.rate, found.total) == pytest.approx((-5.8, 3.0, -2.8))
    assert found.frame["score_after"].to_list() > found.frame["score_before"].to_list()
    assert found.total < 0 < found.rate
    assert found.mix_interval.upper < 0


def test_total_is_the_comparison_of_the_two_scores() -> None:
    found = decomposed(BEFORE, AFTER)
    compared = compare_nps(net_promoter_score(AFTER["rating"]), net_promoter_score(BEFORE["rating"]))
    assert found.total == pytest.approx(compared.difference)
    assert found.total_interval.lower == pytest.approx(compared.interval.lower)
    assert found.total_interval.upper == pytest.approx(compared.interval.upper)
    assert (found.score_before, found.score_after) == pytest.approx((30, 10))


def test_parts_of_large_samples_have_the_textbook_standard_error() -> None:
    """Two groups, by the delta method written out."""
    before = frame(counted("a", 900, 300, 300) + counted("b", 300, 600, 600))
    after = frame(counted("a", 500, 300, 200) + counted("b", 900, 600, 500))
    found = decomposed(before, after)
    r0, r1, w0, w1 = (0.4, -0.2), (0.3, 0.2), 0.5, 1 / 3
    v0, v1 = (0.8 - 0.16, 0.6 - 0.04), (0.7 - 0.09, 0.7 - 0.04)
    share_variances = w0 * (1 - w0) / 3000 + w1 * (1 - w1) / 3000
    within = [v0[0] / 1500 + v1[0] / 1000, v0[1] / 1500 + v1[1] / 2000]
    middle = (r0[0] + r1[0] - r0[1] - r1[1]) / 2
    mix = middle**2 * share_variances + (w1 - w0) ** 2 * sum(within) / 4
    step = (r1[0] - r0[0] - r1[1] + r0[1]) / 2
    w = (w0 + w1) / 2
    rate = step**2 * share_variances + w**2 * within[0] + (1 - w) ** 2 * within[1]
    z = 2 * 1.959964
    assert found.mix_interval.width == pytest.approx(100 * z * math.sqrt(mix), rel=5e-3)
    assert found.rate_interval.width == pytest.approx(100 * z * math.sqrt(rate), rel=5e-3)


def test_intervals_of_the_parts_cover_what_they_say() -> None:
    """Three groups of 60 answers in all: coverage of 100 surveys within four standard errors of 95 %."""
    rng = np.random.default_rng(20)
    shares, scores = np.array([[0.5, 0.3, 0.2], [0.3, 0.3, 0.4]]), np.array([[0.5, 0.1, -0.1], [0.4, 0.2, 0]])
    truth = decompose_change(shares[0], scores[0], shares[1], scores[1])
    hits = np.zeros(2)
    for _ in range(100):
        waves = []
        for share, score in zip(shares, scores, strict=True):
            plan = rng.choice(3, 60, p=share)
            promoter, u = (0.7 + score[plan]) / 2, rng.random(60)
            rating = np.where(u < promoter, 10, np.where(u < 0.7, 0, 7))
            waves.append(pd.DataFrame({"plan": plan, "rating": rating}))
        found = decomposed(*waves)
        hits += [found.mix_interval.contains(100 * truth.mix), found.rate_interval.contains(100 * truth.rate)]
    assert (np.abs(hits / 100 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 100)).all()


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(ROWS, ROWS)
@examples(30)
def test_parts_add_up_and_bounds_are_honest(
    before: list[tuple[str, int | None]], after: list[tuple[str, int | None]]
) -> None:
    found = decomposed(frame(before), frame(after))
    assert found.total == pytest.approx(found.mix + found.rate, abs=1e-9)
    assert found.total == pytest.approx(found.score_after - found.score_before, abs=1e-9)
    assert found.frame["mix"].sum() == pytest.approx(found.mix, abs=1e-9)
    assert found.frame["rate"].sum() == pytest.approx(found.rate, abs=1e-9)
    assert found.mix_interval.contains(found.mix)
    assert found.rate_interval.contains(found.rate)
    assert found.total_interval.width > 1
    if found.n_one_sided < found.n_groups:
        assert found.rate_interval.width > 1
    if len({plan for plan, _ in before + after}) > 1 and found.frame["share_before"].max() < 1:
        assert found.mix_interval.width > 0


@given(ROWS, ROWS)
@examples(30)
def test_exchanging_before_and_after_changes_the_sign(
    before: list[tuple[str, int | None]], after: list[tuple[str, int | None]]
) -> None:
    there, back = decomposed(frame(before), frame(after)), decomposed(frame(after), frame(before))
    for part in ("total", "mix", "rate"):
        assert getattr(back, part) == pytest.approx(-getattr(there, part), abs=1e-9)
        bounds = getattr(back, f"{part}_interval"), getattr(there, f"{part}_interval")
        assert bounds[0].lower == pytest.approx(-bounds[1].upper, abs=1e-7)


@given(ROWS, ROWS, st.floats(0.01, 100))
@examples(20)
def test_constant_weights_change_nothing(
    before: list[tuple[str, int | None]], after: list[tuple[str, int | None]], constant: float
) -> None:
    plain = decomposed(frame(before), frame(after))
    weighted = decomposed(frame(before).assign(w=constant), frame(after).assign(w=2 * constant), weight="w")
    for part in ("total", "mix", "rate"):
        assert getattr(weighted, part) == pytest.approx(getattr(plain, part), abs=1e-7)
        bounds = getattr(weighted, f"{part}_interval"), getattr(plain, f"{part}_interval")
        assert bounds[0].width == pytest.approx(bounds[1].width, abs=1e-6)


# ── Any engine ──────────────────────────────────────────────────────────────────────────────────────


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
    new = pd.concat([AFTER, pd.DataFrame({"plan": ["new"], "rating": [3]})], ignore_index=True)
    expected, found = decomposed(BEFORE, new), decomposed(convert(BEFORE), convert(new))
    assert type(found.frame) is type(convert(BEFORE))
    assert (found.mix, found.rate) == pytest.approx((expected.mix, expected.rate))
    pd.testing.assert_frame_equal(
        back(found.frame).sort_values("plan").reset_index(drop=True),
        expected.frame.sort_values("plan").reset_index(drop=True),
        check_dtype=False,
    )


def test_groups_of_categories_and_of_several_columns_are_matched() -> None:
    before, after = (
        table.assign(plan=table["plan"].astype("category"), land=["x", "y"] * 5) for table in (BEFORE, AFTER)
    )
    after = pd.concat([after, pd.DataFrame({"plan": ["new"], "rating": [9], "land": ["x"]})])
    found = decompose_nps_change(before, after, by=["plan", "land"], rating="rating")
    assert found.n_groups == 5
    assert found.frame[["plan", "land"]].iloc[-1].tolist() == ["new", "x"]
    assert found.frame.index.tolist() == list(range(5))


def test_whole_numbers_of_two_widths_are_matched() -> None:
    before = pl.DataFrame({"plan": [1, 1, 2], "rating": [10, 3, 9]}, schema_overrides={"plan": pl.Int32})
    after = pl.DataFrame({"plan": [1, 3], "rating": [10, 9]})
    found = decompose_nps_change(before, after, by="plan", rating="rating")
    assert found.frame["plan"].to_list() == [1, 2, 3]


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_group_on_one_side_is_mix_without_bounds_of_its_rate() -> None:
    found = decomposed(BEFORE, pd.concat([AFTER, pd.DataFrame({"plan": ["new"], "rating": [3]})]))
    row = found.frame.set_index("plan").loc["new"]
    assert (row["n_before"], row["n_after"], row["rate"]) == (0, 1, 0)
    assert row[["score_before", "rate_lower", "rate_upper"]].isna().all()
    assert row["mix_lower"] < row["mix"] < row["mix_upper"]
    assert found.n_one_sided == 1
    assert "10 and 11 answers in 3 groups, 1 of them on one side only; " in str(found)


def test_a_group_whose_answers_weigh_nothing_is_not_there() -> None:
    before = BEFORE.assign(w=[1.0] * 6 + [0.0] * 4)
    found = decomposed(before, AFTER.assign(w=1.0), weight="w")
    assert (found.n_groups, found.n_one_sided) == (2, 1)
    assert found.score_before == pytest.approx(400 / 6)
    assert found.frame["share_before"].tolist() == [0, 1]


def test_everybody_in_one_group_is_rate_alone() -> None:
    found = decompose_nps_change(BEFORE, AFTER, by=[], rating="rating")
    assert (found.mix, found.mix_interval.width) == (0, 0)
    assert found.rate == pytest.approx(-20)


def test_unanimous_and_unchanged_groups_still_leave_doubt() -> None:
    alike = pd.DataFrame({"plan": ["a", "b"] * 5, "rating": [10] * 10})
    found = decomposed(alike, alike)
    assert (found.mix, found.rate) == (0, 0)
    assert found.rate_interval.width > 10
    assert found.mix_interval.width > 1


def test_rows_without_an_answer_are_counted() -> None:
    before = pd.DataFrame({"plan": ["a", "b", "b"], "rating": [10, np.nan, 99]})
    found = decomposed(before, AFTER, invalid="missing")
    assert (found.n_before, found.n_missing, found.n_invalid) == (1, 1, 1)
    assert found.frame["n_before"].tolist() == [1, 0, 0, 0]


def test_the_sentence_has_the_parts_with_their_intervals() -> None:
    text = str(decomposed(BEFORE, AFTER))
    assert text.startswith("NPS 30.0 to 10.0: -20.0 (")
    assert "= mix -33.0 (" in text
    assert "+ rate +13.0 (" in text
    assert decomposed(BEFORE, AFTER)._repr_html_().startswith(f"<p>{text}</p>")


def test_the_smallest_change_found_is_that_of_two_groups() -> None:
    """The total is a difference of two independent scores, whatever it is made of."""
    found = decomposed(BEFORE, AFTER, power=0.9)
    after, before = (net_promoter_score(frame["rating"]) for frame in (AFTER, BEFORE))
    expected = compare_nps(after, before, power=0.9)
    assert found.detectable == pytest.approx(expected.detectable)
    assert str(found).endswith(f"; smallest change found with 90 % power: {expected.detectable:.1f} points")


# ── Refusals ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            pl.from_pandas(BEFORE),
            AFTER,
            "`before` and `after` must be frames of one kind, got polars and pandas; convert one",
        ),
        (
            BEFORE,
            AFTER.assign(plan=[1, 2] * 5),
            (
                "`by` (column 'plan') must hold ids of one kind in both frames, got text before and numbers "
                "after; convert both to text"
            ),
        ),
        (
            BEFORE.assign(rating=np.nan),
            AFTER,
            "`before` must have at least one answer with a weight greater than 0, got none",
        ),
        (
            BEFORE,
            AFTER.head(0),
            "`after` must have at least one answer with a weight greater than 0, got none",
        ),
        (BEFORE, [1], "`after` must be a pandas or Polars data frame"),
        (BEFORE, AFTER.assign(rating=8.5), "`rating` (column 'rating') must be whole numbers from 0 to 10"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(before: Any, after: Any, message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        decomposed(before, after)
    assert str(error.value).startswith(message)


def test_columns_must_be_there_and_not_be_those_of_the_result() -> None:
    with pytest.raises(MissingColumnError, match=r"^`by` must be a column of the frame, got 'land'"):
        decompose_nps_change(BEFORE, AFTER, by="land", rating="rating")
    before, after = (table.rename(columns={"plan": "mix"}) for table in (BEFORE, AFTER))
    with pytest.raises(InvalidInputError, match=r"^`by` must name columns other than those of the result"):
        decompose_nps_change(before, after, by="mix", rating="rating")
