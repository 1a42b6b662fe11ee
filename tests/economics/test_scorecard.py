"""Metrics by process, no hidden weights, nothing left out of sight."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.economics import (
    FIVE_PROCESSES,
    Measurement,
    Metric,
    MoneyLink,
    benchmark_gap,
    scorecard,
)
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval
from effort import examples

VALUES = st.floats(-1e3, 1e3, allow_subnormal=False)


def metric(name: str = "m", value: float = 3.0, reach: float | None = 1.0, **changes: object) -> Metric:
    interval = None if reach is None else Interval(value - reach, value + reach, 0.95)
    fields: dict[str, object] = {
        "name": name,
        "pillar": "strategy",
        "measurement": Measurement(value=value, interval=interval, definition="d"),
        "unit": "points",
        "better": "higher",
        "source": "survey",
        "date": "2025",
    }
    return Metric(**{**fields, **changes})  # type: ignore[arg-type]


def test_pillars_are_the_five_processes_of_payne_and_frow_2005() -> None:
    assert FIVE_PROCESSES == (
        "strategy",
        "dual value creation",
        "multichannel integration",
        "information management",
        "performance assessment",
    )


def test_table_has_a_row_a_metric_in_the_order_of_pillars_and_one_for_each_empty_pillar() -> None:
    benchmark = Measurement(value=1.0, n=40, definition="d")
    money = MoneyLink(per_unit=20.0, interval=Interval(5.0, 35.0, 0.9), source="test")
    late = metric("late", pillar="information management", better="lower", reach=None)
    card = scorecard([late, metric("first", benchmark=benchmark, money=money)])
    frame = card.to_frame()
    assert frame["pillar"].tolist() == list(FIVE_PROCESSES)
    assert frame["metric"].tolist()[::3] == ["first", "late"]
    assert frame["metric"].isna().tolist() == [False, True, True, False, True]
    first, last = frame.iloc[0], frame.iloc[3]
    assert (first["gap"], first["gap_lower"], first["gap_upper"]) == (2.0, 1.0, 3.0)
    assert (first["verdict"], first["money_per_unit"], first["money_upper"]) == ("better", 20.0, 35.0)
    assert math.isnan(last["lower"])
    assert "weight" not in frame
    assert card.total is None
    assert card.empty_pillars == ("dual value creation", "multichannel integration", "performance assessment")
    assert str(card) == (
        "2 metrics of 5 pillars; nothing measured: dual value creation, multichannel integration, "
        "performance assessment; better: 1"
    )
    shown = card._repr_html_()
    assert "multichannel integration</td>" in shown
    assert not {word for word in ("None", "NaN", "nan<") if word in shown}


def test_gap_of_a_metric_is_the_gap_to_its_benchmark() -> None:
    ours = Measurement.of_share(56, 70, definition="satisfied")
    theirs = Measurement.of_share(48, 80, definition="satisfied")
    line = metric(measurement=ours, benchmark=theirs)
    assert line.gap == benchmark_gap(ours, theirs, better="higher")
    assert metric().gap is None


@given(
    values=st.lists(VALUES, min_size=1, max_size=5),
    parts=st.lists(st.integers(1, 9), min_size=5, max_size=5),
    reach=st.floats(0.1, 50),
    extra=VALUES,
)
@examples(40)
def test_contributions_add_up_and_no_other_metric_moves_them(
    values: list[float], parts: list[int], reach: float, extra: float
) -> None:
    """The law that scaling by the best and worst of any peers breaks."""
    names = [f"m{i}" for i in range(len(values))]
    metrics = [metric(name, value, reach) for name, value in zip(names, values, strict=True)]
    total = sum(parts[: len(names)])
    weights = {name: part / total for name, part in zip(names, parts, strict=False)}
    anchors = dict.fromkeys(names, (-10.0, 40.0))
    card = scorecard(metrics, weights=weights, anchors=anchors)
    assert card.total is not None
    assert card.total.value == pytest.approx(sum(card.total.contributions.values()))
    expected = sum(weights[n] * (v + 10) / 50 for n, v in zip(names, values, strict=True))
    assert card.total.value == pytest.approx(expected, abs=1e-9)
    assert card.total.interval is not None
    assert card.total.interval.width == pytest.approx(2 * reach / 50)
    more = scorecard(
        [*metrics, metric("new", extra)],
        weights={**weights, "new": 0.0},
        anchors={**anchors, "new": (0.0, 1.0)},
    )
    assert more.total is not None
    assert more.total.value == pytest.approx(card.total.value)
    assert {n: more.total.contributions[n] for n in names} == card.total.contributions
    assert more.to_frame()["contribution"].sum() == pytest.approx(card.total.value)


def test_lower_is_better_leads_from_high_to_low() -> None:
    card = scorecard([metric(better="lower", value=0.25)], weights={"m": 1.0}, anchors={"m": (0.5, 0.0)})
    assert card.total is not None
    assert card.total.value == 0.5
    assert "weighted total 0.500 (-1.500 to 2.500)" in str(card)


def test_a_total_of_a_metric_without_an_interval_has_none_unless_it_counts_for_nothing() -> None:
    metrics = [metric("a"), metric("b", reach=None)]
    anchors = dict.fromkeys("ab", (0.0, 10.0))
    half = scorecard(metrics, weights={"a": 0.5, "b": 0.5}, anchors=anchors).total
    none = scorecard(metrics, weights={"a": 1.0, "b": 0.0}, anchors=anchors).total
    assert half is not None
    assert half.interval is None
    assert none is not None
    assert none.interval is not None


def test_elasticity_becomes_a_slope_where_it_was_measured() -> None:
    """4.5 percent of 220,000 for each percent of a retention rate of 0.9: 1.1 million for the whole rate."""
    link = MoneyLink.of_elasticity(
        4.5, interval=Interval(3.0, 6.0, 0.9), money=220_000.0, at=0.9, source="ladder"
    )
    assert link.per_unit == pytest.approx(1_100_000.0)
    gain, bounds = link.of_change(0.01)
    assert (gain, bounds.lower, bounds.upper) == pytest.approx((11_000.0, 7333.3333, 14666.6667))
    loss, bounds = link.of_change(-0.01)
    assert (loss, bounds.lower, bounds.upper) == pytest.approx((-11_000.0, -14666.6667, -7333.3333))
    unsure = MoneyLink(per_unit=1.0, interval=Interval(-math.inf, math.inf, 0.9), source="guess")
    assert unsure.of_change(0.0) == (0.0, Interval(0.0, 0.0, 0.9))


ANCHORS = {"m": (0.0, 1.0)}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scorecard([]), "`metrics` must have at least one metric, got none"),
        (lambda: scorecard(["m"]), "`metrics` must hold Metric, got str"),
        (lambda: scorecard([metric(), metric()]), "`metrics` must have names of their own, got 'm' twice"),
        (
            lambda: scorecard([metric(pillar="sales")]),
            "`metrics` must belong to one of `pillars`, got 'sales' of 'm'; the pillars are strategy, dual",
        ),
        (lambda: scorecard([metric()], pillars="strategy"), "`pillars` must be names, each once"),
        (lambda: scorecard([metric()], anchors=ANCHORS), "`anchors` must come with `weights`"),
        (
            lambda: scorecard([metric()], weights={"x": 1.0}, anchors=ANCHORS),
            "`weights` must name every metric and nothing else, got a difference in 'm', 'x'",
        ),
        (lambda: scorecard([metric()], weights={"m": 1.0}), "`anchors` must name every metric"),
        (lambda: scorecard([metric()], weights={"m": 0.9}, anchors=ANCHORS), "must sum to 1, got 0.9"),
        (
            lambda: scorecard([metric()], weights={"m": -1.0}, anchors=ANCHORS),
            "`weights['m']` must be a finite number at least 0, got -1",
        ),
        (
            lambda: scorecard([metric()], weights={"m": 1.0}, anchors={"m": (1.0, 0.0)}),
            "`anchors['m']` must lead from bad to good, got 1 and 0 where higher is better",
        ),
        (
            lambda: scorecard(
                [
                    metric("a"),
                    metric("b", measurement=Measurement.of_share(1, 2, definition="d", confidence_level=0.9)),
                ],
                weights={"a": 0.5, "b": 0.5},
                anchors=dict.fromkeys("ab", (0.0, 1.0)),
            ),
            "`metrics` must have intervals of one confidence level for a total",
        ),
        (lambda: metric(""), "`name` must be words, got ''"),
        (lambda: metric(mismatch="other base"), "`mismatch` must come with a `benchmark`, got none"),
        (
            lambda: metric(reach=None, benchmark=Measurement(value=1.0, definition="d")),
            "`ours` must have an interval, got None",
        ),
        (lambda: metric(measurement=3.0), "`measurement` must be a Measurement, got float"),
        (lambda: MoneyLink(per_unit=1.0, interval=(0, 1), source="s"), "`interval` must be an Interval, got"),
        (
            lambda: MoneyLink.of_elasticity(1, interval=Interval(0, 1, 0.9), money=1, at=0, source="s"),
            "`at` must not be 0, got 0",
        ),
    ],
)
def test_what_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        call()
    assert message in str(error.value)
