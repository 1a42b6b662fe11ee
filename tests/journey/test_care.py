"""The care sensor: by hand, against SciPy's exact tests, false alarms under no change, power, edges."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from customer_centric.errors import InvalidInputError
from customer_centric.journey import (
    CareSensor,
    EventSchema,
    Journeys,
    care_sensor,
    find_journeys,
    prepare_log,
)

MONDAY = pd.Timestamp("2026-01-05")


def journeys_of(calls: np.ndarray, visits: np.ndarray, *, emotion: float | None = None) -> Journeys:
    """Journeys of one visit, some of which call: counts of shape (touchpoints, reasons, weeks) and
    (touchpoints, weeks)."""
    place, week = np.nonzero(visits)
    times = visits[place, week]
    s, w = np.repeat(place, times), np.repeat(week, times)
    number = np.arange(s.size) - np.repeat(np.cumsum(times) - times, times)
    upto = calls.cumsum(axis=1)
    reason = np.array(
        [np.searchsorted(upto[a, :, b], c, side="right") for a, b, c in zip(s, w, number, strict=True)]
    )
    speaks = reason < calls.shape[1]
    case = np.concatenate([np.arange(s.size), np.flatnonzero(speaks)])
    moment = MONDAY.to_datetime64() + w.astype("timedelta64[W]") + np.timedelta64(1, "D")
    events = pd.DataFrame(
        {
            "case_id": case,
            "touchpoint": np.concatenate(
                [np.char.add("step", s.astype(str)), np.full(int(speaks.sum()), "call")]
            ).astype(object),
            "timestamp": np.concatenate([moment, moment[speaks] + np.timedelta64(1, "h")]).astype(
                "datetime64[s]"
            ),
            "intent": np.concatenate(
                [np.full(s.size, None, dtype=object), np.char.add("why", reason[speaks].astype(str))]
            ),
            "emotion": emotion if emotion is not None else np.nan,
        }
    )
    log = prepare_log(events, EventSchema(intent="intent", emotion="emotion"))
    return find_journeys(log, goal=(), contact="call" if speaks.any() else ())


def sensor(calls: list[list[list[int]]], visits: list[list[int]], **options: object) -> CareSensor:
    return care_sensor(journeys_of(np.array(calls), np.array(visits)), **options)  # type: ignore[arg-type]


def test_by_hand_against_the_exact_binomial_test() -> None:
    """Ten callers of 50 visits, after 8 of 400: the test and the ratio's bounds are the binomial's."""
    found = sensor([[[1] * 8 + [10]]], [[50] * 9], loss_seen="2026-04-01")
    assert (found.n_tested, found.alarm.sum()) == (1, 1)
    row = int(np.flatnonzero(found.alarm)[0])
    assert (found.baseline_customers[row], found.baseline_visits[row]) == (8, 400)
    assert found.ratio[row] == pytest.approx((10 / 50) / (8 / 400))
    exact = binomtest(10, 18, 1 / 9)
    assert found.p_value[row] == pytest.approx(
        2 * min(binomtest(10, 18, 1 / 9, alternative=side).pvalue for side in ("less", "greater"))
    )
    bounds = exact.proportion_ci(method="exact")
    for share, bound in ((bounds.low, found.lower[row]), (bounds.high, found.upper[row])):
        assert bound == pytest.approx(share / (1 - share) * 8)
    assert found.first_alarm == date(2026, 3, 2)
    assert found.lead_time == timedelta(days=23)
    assert "the first in the week of 2026-03-02: step0, why0, 10.0 times as many" in found._repr_html_()
    assert "23 days before the loss was seen" in str(found)


def test_exposure_is_visits_not_calls() -> None:
    """Twice the calls of twice the visitors are no news; twice of as many are."""
    busy = sensor([[[20] * 8 + [40]]], [[200] * 8 + [400]])
    assert busy.ratio[-1] == pytest.approx(1.0)
    assert not busy.alarm.any()
    assert "no alarm in 1 test" in str(busy)
    assert sensor([[[20] * 8 + [60]]], [[400] * 9]).alarm[-1]


def test_silence_is_an_alarm_of_its_own() -> None:
    """Nobody calls any more: fewer than before, and no first alarm of more."""
    found = sensor([[[20] * 8 + [0]]], [[200] * 9])
    assert found.alarm[-1]
    assert (found.ratio[-1], found.lower[-1]) == (0.0, 0.0)
    assert found.first_alarm is None
    assert found.lead_time is None
    assert len(found.alarms()) == 1


def test_one_angry_customer_is_one() -> None:
    """Ten calls in a week by one customer are one customer."""
    rows = [(f"{w}", "pay", MONDAY + timedelta(weeks=w), None) for w in range(9) for _ in range(1)]
    rows += [(f"{w}", "call", MONDAY + timedelta(weeks=w, hours=1), "price") for w in range(9)]
    rows += [("8", "call", MONDAY + timedelta(weeks=8, hours=2 + k), "price") for k in range(9)]
    events = pd.DataFrame(rows, columns=["case_id", "touchpoint", "timestamp", "intent"])
    found = care_sensor(
        find_journeys(prepare_log(events, EventSchema(intent="intent")), goal=(), contact="call")
    )
    assert (found.contacts[-1], found.customers[-1]) == (10, 1)
    assert not found.alarm.any()


def test_ratio_bounds_leave_out_one_exactly_when_the_test_rejects() -> None:
    rng = np.random.default_rng(2)
    visits = rng.integers(1, 60, (3, 14))
    calls = rng.binomial(visits[:, None, :], 0.1, (3, 2, 14))
    calls = np.minimum(calls, visits[:, None, :] // 2)
    found = care_sensor(journeys_of(calls, visits))
    tested = ~np.isnan(found.p_value)
    outside = (found.lower > 1) | (found.upper < 1)
    assert np.array_equal(outside[tested], found.p_value[tested] < 0.05)
    assert np.all(found.p_adjusted[tested] >= found.p_value[tested])
    assert found.visits.sum() == 2 * visits.sum()


def test_alarms_of_a_weekly_sensor_do_not_change_later() -> None:
    """With the tests of each week as the family, what comes later changes nothing."""
    rng = np.random.default_rng(4)
    visits = np.full((2, 20), 100)
    calls = rng.poisson(4, (2, 2, 20))
    calls[0, 0, 15:] += 25
    now = care_sensor(journeys_of(calls[..., :16], visits[:, :16]), family="week").to_frame()
    later = care_sensor(journeys_of(calls, visits), family="week").to_frame()
    kept = later[later["week"] <= now["week"].max()].reset_index(drop=True)
    pd.testing.assert_frame_equal(now, kept)
    assert now["alarm"].sum() == 1


def test_false_alarms_are_as_rare_as_promised_and_a_change_is_found() -> None:
    """Without a change 5 % of logs have an alarm at most; five times the rate is found in the first week."""
    rng = np.random.default_rng(5)
    false = {"holm": 0, "benjamini_hochberg": 0}
    n = 30
    visits = np.full((3, 14), 120)
    dispersion = []
    for _ in range(n):
        journeys = journeys_of(rng.poisson(6, (3, 2, 14)), visits)
        for control in false:
            found = care_sensor(journeys, control=control)  # type: ignore[arg-type]
            false[control] += bool(found.alarm.any())
        dispersion.append(found.dispersion)
    assert max(false.values()) <= 0.05 * n + 2 * math.sqrt(0.05 * 0.95 * n)
    assert np.mean(dispersion) == pytest.approx(1.0, abs=0.1)
    assert not found.unsteady
    wild = care_sensor(journeys_of(rng.negative_binomial(4, 0.4, (3, 2, 60)), np.full((3, 60), 120)))
    assert wild.unsteady
    assert "times as much as by chance: too many alarms" in str(wild)
    calls = rng.poisson(6, (3, 2, 14))
    calls[1, 0, 11:] = rng.poisson(30, 3)
    found = care_sensor(journeys_of(calls, visits))
    assert found.first_alarm == (MONDAY + timedelta(weeks=11)).date()
    assert set(found.alarms()["touchpoint"]) == {"step1"}


def test_nothing_to_compare_says_why() -> None:
    short = sensor([[[3] * 5]], [[50] * 5])
    assert short.n_tested == 0
    assert short.failed == "the log has 5 weeks, and each is compared with 8 before it"
    assert math.isnan(short.dispersion)
    assert "no alarm is possible" in str(short)
    feeling = care_sensor(journeys_of(np.full((1, 1, 9), 3), np.full((1, 9), 50), emotion=-0.5))
    assert feeling.emotion == pytest.approx(-0.5)
    one = pd.DataFrame({"case_id": ["a"], "touchpoint": ["call"], "timestamp": [MONDAY]})
    alone = care_sensor(find_journeys(prepare_log(one), goal=(), contact="call"))
    # No step before it, and no visits of any to compare it with.
    assert (alone.touchpoint, alone.visits.tolist()) == (("call",), [0])


def test_refusals() -> None:
    journeys = journeys_of(np.full((1, 1, 9), 3), np.full((1, 9), 50))
    with pytest.raises(InvalidInputError, match="`baseline_weeks` must be a whole number at least 1, got 0"):
        care_sensor(journeys, baseline_weeks=0)
    with pytest.raises(InvalidInputError, match="`control` must be one of 'holm', 'benjamini_hochberg'"):
        care_sensor(journeys, control="none")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="`family` must be one of 'log', 'week'"):
        care_sensor(journeys, family="day")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"`false_alarm_rate` must be .* less than 1, got 5"):
        care_sensor(journeys, false_alarm_rate=5)
    with pytest.raises(InvalidInputError, match="`journeys` must have contacts, got none"):
        care_sensor(journeys_of(np.zeros((1, 1, 9), dtype=int), np.full((1, 9), 5)))
