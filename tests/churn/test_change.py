"""Why churn changed: who the customers are, or how they leave."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn._engines import ENGINES, engines, in_engine
from customer_centric.churn import ChurnChange, decompose_churn_change
from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.intervals import garwood_interval, mover_interval, wilson_interval
from customer_centric.nps import decompose_change
from effort import examples

ROWS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.booleans()), min_size=1, max_size=25
)


def frame(rows: list[tuple[str, str, bool]]) -> pd.DataFrame:
    plan, land, lost = (list(column) for column in zip(*rows, strict=True))
    return pd.DataFrame({"plan": plan, "land": land, "lost": lost})


def group(plan: str, size: int, lost: int) -> list[tuple[str, str, bool]]:
    return [(plan, "x", i < lost) for i in range(size)]


def decomposed(before: Any, after: Any, by: Any = "plan", **options: Any) -> ChurnChange[Any]:
    return decompose_churn_change(before, after, by=by, lost="lost", **options)


BEFORE = frame(group("a", 600, 60) + group("b", 400, 120))
AFTER = frame(group("a", 400, 36) + group("b", 600, 168))


# ── Numbers ─────────────────────────────────────────────────────────────────────────────────────────


def test_every_segment_improves_and_the_total_worsens() -> None:
    """Shares .6, .4 to .4, .6 and churn .10, .30 to .09, .28: +.024 is +.039 of mix and -.015 of rate."""
    found = decomposed(BEFORE, AFTER)
    assert (found.total, found.mix, found.rate) == pytest.approx((0.024, 0.039, -0.015))
    assert (found.churn_before, found.churn_after) == pytest.approx((0.18, 0.204))
    assert (found.lost_before, found.lost_after, found.n_before, found.n_after) == (180, 204, 1000, 1000)
    assert (found.frame["churn_after"] < found.frame["churn_before"]).all()
    assert found.mix_interval.lower > 0
    assert found.dimension_mix == pytest.approx({"plan": 0.039})


def test_total_has_the_interval_of_two_independent_shares() -> None:
    found = decomposed(BEFORE, AFTER)
    lower, upper = wilson_interval([204, 180], [1000, 1000])
    expected = mover_interval([0.204, 0.18], lower, upper)
    assert (found.total_interval.lower, found.total_interval.upper) == pytest.approx(
        tuple(map(float, expected))
    )


def test_an_exposure_makes_it_a_rate() -> None:
    """Lost over customer-years by group, shares of the customer-years, and Garwood's bounds of the total."""
    before, after = BEFORE.assign(years=0.5), AFTER.assign(years=np.where(AFTER["plan"] == "a", 1.0, 0.25))
    found = decomposed(before, after, exposure="years")
    parts = decompose_change([0.6, 0.4], [0.2, 0.6], [400 / 550, 150 / 550], [36 / 400, 168 / 150])
    assert (found.total, found.mix, found.rate) == pytest.approx((parts.total, parts.mix, parts.rate))
    assert found.churn_after == pytest.approx(204 / 550)
    lower, upper = garwood_interval([204, 180], exposure=[550, 500])
    expected = mover_interval([204 / 550, 180 / 500], lower, upper)
    assert (found.total_interval.lower, found.total_interval.upper) == pytest.approx(
        tuple(map(float, expected))
    )
    assert found.lost_after == 204


def test_parts_of_large_tables_have_the_textbook_standard_error() -> None:
    """Two groups, by the delta method written out."""
    found = decomposed(BEFORE, AFTER)
    (w0, w1), r0, r1, n = (0.6, 0.4), (0.10, 0.30), (0.09, 0.28), 1000
    sizes = ((600, 400), (400, 600))
    within = [r0[i] * (1 - r0[i]) / sizes[0][i] + r1[i] * (1 - r1[i]) / sizes[1][i] for i in range(2)]
    shares = w0 * w1 / n + w1 * w0 / n
    middle = (r0[0] + r1[0] - r0[1] - r1[1]) / 2
    mix = middle**2 * shares + (w1 - w0) ** 2 * sum(within) / 4
    step = (r1[0] - r0[0] - r1[1] + r0[1]) / 2
    rate = step**2 * shares + sum(within) / 4
    z = 2 * 1.959964
    assert found.mix_interval.width == pytest.approx(z * math.sqrt(mix), rel=0.02)
    assert found.rate_interval.width == pytest.approx(z * math.sqrt(rate), rel=0.02)
    assert found.dimension_intervals["plan"].width == pytest.approx(found.mix_interval.width, rel=1e-6)


def test_dimensions_are_averaged_over_all_orders() -> None:
    """Against a walk through every order, the mix of each prefix from the marginal tables."""
    rng = np.random.default_rng(4)
    tables = [
        pd.DataFrame({name: rng.choice(list("pqr"), 400, p=share) for name in ("one", "two", "three")})
        for share in ([0.5, 0.3, 0.2], [0.2, 0.3, 0.5])
    ]
    for table, scale in zip(tables, (0.1, 0.12), strict=True):
        risk = scale * (1 + (table["one"] == "p") + 2 * (table["two"] == "q") * (table["three"] == "r"))
        table["lost"] = rng.random(400) < risk
    names = ("one", "two", "three")
    expected = dict.fromkeys(names, 0.0)
    for order in permutations(names):
        before = 0.0
        for i, name in enumerate(order):
            now = decomposed(*tables, by=list(order[: i + 1])).mix
            expected[name] += (now - before) / 6
            before = now
    found = decomposed(*tables, by=names)
    assert found.dimension_mix == pytest.approx(expected, abs=1e-12)


def test_intervals_of_the_parts_cover_what_they_say() -> None:
    """Two dimensions, 150 customers: coverage of 150 pairs of years within four standard errors of 95 %."""
    rng = np.random.default_rng(8)
    plans, churn = np.array([[0.6, 0.4], [0.4, 0.6]]), np.array([[0.1, 0.3], [0.12, 0.25]])
    truth = decompose_change(plans[0], churn[0], plans[1], churn[1])
    hits = np.zeros(4)
    for _ in range(150):
        years = []
        for share, risk in zip(plans, churn, strict=True):
            plan = rng.choice(2, 150, p=share)
            years.append(
                pd.DataFrame(
                    {"plan": plan, "land": rng.integers(0, 2, 150), "lost": rng.random(150) < risk[plan]}
                )
            )
        found = decomposed(*years, by=["plan", "land"])
        hits += [
            found.mix_interval.contains(truth.mix),
            found.rate_interval.contains(truth.rate),
            found.dimension_intervals["plan"].contains(truth.mix),
            found.dimension_intervals["land"].contains(0.0),
        ]
    assert (hits / 150 > 0.95 - 4 * math.sqrt(0.95 * 0.05 / 150)).all()


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(ROWS, ROWS, st.booleans())
@examples(40)
def test_parts_add_up_and_bounds_are_honest(
    before: list[tuple[str, str, bool]], after: list[tuple[str, str, bool]], timed: bool
) -> None:
    tables = [frame(rows).assign(time=np.linspace(0.5, 1.0, len(rows))) for rows in (before, after)]
    found = decomposed(*tables, by=["plan", "land"], exposure="time" if timed else None)
    assert found.total == pytest.approx(found.mix + found.rate, abs=1e-12)
    assert found.total == pytest.approx(found.churn_after - found.churn_before, abs=1e-12)
    assert sum(found.dimension_mix.values()) == pytest.approx(found.mix, abs=1e-12)
    assert found.frame["mix"].sum() == pytest.approx(found.mix, abs=1e-12)
    assert found.frame["rate"].sum() == pytest.approx(found.rate, abs=1e-12)
    assert found.lost_before == sum(lost for *_, lost in before)
    for part in ("total", "mix", "rate"):
        assert getattr(found, f"{part}_interval").contains(getattr(found, part))
    assert found.total_interval.width > 0.01
    if found.n_one_sided < found.n_groups:
        assert found.rate_interval.width > 0.01
    if found.n_groups > 1:
        assert found.mix_interval.width > 0.01
    for name, bounds in found.dimension_intervals.items():
        assert bounds.contains(found.dimension_mix[name])
        if len({row[name == "land"] for row in before + after}) > 1:
            assert bounds.width > 1e-4


@given(ROWS, ROWS)
@examples(30)
def test_exchanging_before_and_after_changes_the_sign(
    before: list[tuple[str, str, bool]], after: list[tuple[str, str, bool]]
) -> None:
    by = ["plan", "land"]
    there, back = decomposed(frame(before), frame(after), by), decomposed(frame(after), frame(before), by)
    for part in ("total", "mix", "rate"):
        assert getattr(back, part) == pytest.approx(-getattr(there, part), abs=1e-12)
        bounds = getattr(back, f"{part}_interval"), getattr(there, f"{part}_interval")
        assert bounds[0].lower == pytest.approx(-bounds[1].upper, abs=1e-9)
    for name in by:
        assert back.dimension_mix[name] == pytest.approx(-there.dimension_mix[name], abs=1e-12)


def test_a_dimension_that_says_nothing_adds_nothing_and_twins_add_alike() -> None:
    tables = [t.assign(copy=t["plan"], same="everybody") for t in (BEFORE, AFTER)]
    found = decomposed(*tables, by=["plan", "copy", "same"])
    assert found.dimension_mix == pytest.approx({"plan": 0.0195, "copy": 0.0195, "same": 0.0})
    assert found.mix == pytest.approx(0.039)


@engines
@pytest.mark.parametrize("timed", [False, True])
def test_every_engine_counts_alike_and_answers_in_kind(engine: str, timed: bool) -> None:
    tables = [t.assign(time=np.where(t["lost"], 0.5, 1.0)) for t in (BEFORE, AFTER)]
    exposure = "time" if timed else None
    expected = decomposed(*tables, by=["plan", "land"], exposure=exposure)
    given_frames = [in_engine(table, engine) for table in tables]
    found = decomposed(*given_frames, by=["plan", "land"], exposure=exposure)
    assert type(found.frame) is type(given_frames[0])
    assert (found.mix, found.rate) == pytest.approx((expected.mix, expected.rate))
    assert found.dimension_mix == pytest.approx(expected.dimension_mix)
    groups: Any = nw.from_native(found.frame)
    shown = groups.collect() if isinstance(groups, nw.LazyFrame) else groups
    assert shown["plan"].to_list() == ["a", "b"]
    assert shown["lost_after"].to_list() == [36, 168]


# ── Edges ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_group_on_one_side_is_mix_without_bounds_of_its_rate() -> None:
    found = decomposed(BEFORE, frame(group("a", 600, 60) + group("c", 400, 80)))
    assert (found.n_groups, found.n_one_sided) == (3, 2)
    assert found.rate == pytest.approx(0.0)
    assert found.mix == pytest.approx(found.total)
    new = found.frame.set_index("plan").loc["c"]
    assert math.isnan(new["churn_before"])
    assert math.isnan(new["rate_lower"])
    assert "2 of them on one side only" in str(found)


@pytest.mark.parametrize("exposure", [None, "time"])
def test_nobody_lost_leaves_doubt(exposure: str | None) -> None:
    """No event on either side: a change of 0, and bounds as wide as so few customers make them."""
    kept = frame(group("a", 20, 0) + group("b", 20, 0)).assign(time=1.0)
    found = decomposed(kept, kept, exposure=exposure)
    assert (found.total, found.mix, found.rate) == (0, 0, 0)
    assert found.total_interval.upper > 0.05
    assert found.rate_interval.upper == pytest.approx(found.total_interval.upper, rel=0.15)
    assert found.mix_interval.width > 0


def test_one_customer_a_side_is_an_answer() -> None:
    found = decomposed(frame(group("a", 1, 0)), frame(group("a", 1, 1)))
    assert (found.total, found.mix, found.rate) == (1, 0, 1)
    assert found.rate_interval.lower < 0


def test_flags_may_be_numbers_or_nullable() -> None:
    for kind in ("int8", "float64", "boolean", "Int64"):
        found = decomposed(*(t.astype({"lost": kind}) for t in (BEFORE, AFTER)))
        assert found.mix == pytest.approx(0.039), kind


def test_the_sentence_has_the_parts_with_their_intervals() -> None:
    text = str(decomposed(BEFORE, AFTER))
    assert text.startswith("churn 0.1800 to 0.2040: +0.0240 (")
    assert "= mix +0.0390 (" in text
    assert text in decomposed(BEFORE, AFTER)._repr_html_()


# ── Errors ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_no_flag_and_no_exposure_is_refused(engine: str) -> None:
    good = in_engine(BEFORE.assign(time=1.0), engine)
    with pytest.raises(InvalidInputError, match=r"`lost` \(column 'lost'\) must be 0 or 1, got "):
        decomposed(good, in_engine(BEFORE.assign(lost=2), engine))
    with pytest.raises(
        InvalidInputError, match=r"`exposure` \(column 'time'\) must be finite numbers of at least 0"
    ):
        decomposed(good, in_engine(BEFORE.assign(time=-1.0), engine), exposure="time")
    unknown = BEFORE.assign(lost=[float("nan"), *BEFORE["lost"].astype(float)[1:]])
    with pytest.raises(InvalidInputError, match=r"`lost`.* must be "):
        decomposed(good, in_engine(unknown, engine))


def test_lost_without_any_exposure_is_refused() -> None:
    idle = BEFORE.assign(time=np.where(BEFORE["plan"] == "a", 0.0, 1.0))
    with pytest.raises(InvalidInputError, match="must be greater than 0 in a group that lost customers"):
        decomposed(idle, idle, exposure="time")
    with pytest.raises(InvalidInputError, match="`after` must have customers with an exposure"):
        decomposed(BEFORE.assign(time=1.0), BEFORE.assign(time=0.0), exposure="time")


def test_tables_and_columns_are_checked() -> None:
    with pytest.raises(InvalidInputError, match="`before` must have customers, got none"):
        decomposed(BEFORE.iloc[:0], AFTER)
    with pytest.raises(InvalidInputError, match="must be frames of one kind, got pandas and polars"):
        decomposed(BEFORE, pl.from_pandas(AFTER))
    with pytest.raises(MissingColumnError, match="gone"):
        decomposed(BEFORE, AFTER, by="gone")
    with pytest.raises(InvalidInputError, match="`by` must be one to 6 different columns"):
        decomposed(BEFORE, AFTER, by=["plan", "plan"])
    with pytest.raises(InvalidInputError, match="`by` must be one to 6 different columns"):
        decomposed(BEFORE, AFTER, by=[])
    with pytest.raises(InvalidInputError, match="`by` must be the name of a column"):
        decomposed(BEFORE, AFTER, by=3)
    with pytest.raises(InvalidInputError, match="`confidence_level` must be"):
        decomposed(BEFORE, AFTER, confidence_level=1)
    with pytest.raises(InvalidInputError, match="must name columns other than those of the result"):
        decomposed(BEFORE.assign(mix="m"), AFTER.assign(mix="m"), by="mix")
