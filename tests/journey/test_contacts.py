"""First contact resolution, contact rate, voice and exit: by hand, against slow twins, at the edges."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import garwood_interval, wilson_interval
from customer_centric.journey import (
    EventSchema,
    Journeys,
    contact_rate,
    detect_signals,
    find_journeys,
    first_contact_resolution,
    prepare_log,
    voice_exit_ratio,
)
from customer_centric.simulate import hotel_story
from effort import examples

START = pd.Timestamp("2026-01-05")
SCHEMA = EventSchema(customer_id="customer_id", outcome="outcome", intent="intent")
Row = tuple[str, str, str, float, str | None, str | None]


def journeys_of(rows: list[Row], *, days: float = 60, closed_after: float | None = None) -> Journeys:
    """Rows of journey, customer, touchpoint, day, outcome and intent."""
    names = ["case_id", "customer_id", "touchpoint", "day", "outcome", "intent"]
    events = pd.DataFrame(rows, columns=names)
    for name in ("outcome", "intent"):
        events[name] = events[name].astype(object)
    events["timestamp"] = (START + pd.to_timedelta(events["day"], unit="D")).astype("datetime64[ms]")
    log = prepare_log(events.drop(columns="day"), SCHEMA)
    return find_journeys(
        log,
        goal=[name for name in ("goal",) if name in log.touchpoints],
        contact=[name for name in ("call", "chat") if name in log.touchpoints],
        end=START + timedelta(days=days),
        closed_after=None if closed_after is None else timedelta(days=closed_after),
    )


class TestFirstContactResolution:
    ROWS: tuple[Row, ...] = (
        ("a", "1", "call", 0, "ok", "bill"),
        ("a2", "1", "chat", 6, "ok", "bill"),  # another journey, another channel: the same matter
        ("b", "2", "call", 1, "ok", "bill"),
        ("b", "2", "call", 2, "ok", "room"),  # another matter
        ("c", "3", "call", 3, "unresolved", "room"),  # the wall
        ("d", "4", "call", 4, "ok", None),  # nobody wrote down why
        ("e", "5", "call", 5, "pending", "bill"),
        ("f", "6", "call", 55, "ok", "bill"),  # followed for five days only
        ("f", "6", "call", 56, "ok", "bill"),
        ("g", "7", "call", 20, "ok", "bill"),
        ("g", "7", "call", 28, "ok", "bill"),  # eight days later
    )

    def test_by_hand(self) -> None:
        """Seven closed contacts with a reason were followed: one was repeated, one was a wall."""
        found = first_contact_resolution(journeys_of(list(self.ROWS)))
        assert (found.n, found.resolved, found.repeated, found.unresolved) == (7, 5, 1, 1)
        assert (found.n_open, found.n_too_recent, found.n_without_reason) == (1, 2, 1)
        assert found.rate == pytest.approx(5 / 7)
        frame = found.to_frame().set_index("reason")
        assert frame.loc["bill", ["contacts", "resolved", "repeated"]].tolist() == [5, 4, 1]
        assert frame.loc["room", ["contacts", "resolved", "unresolved"]].tolist() == [2, 1, 1]
        assert "71.4 % of 7 contacts needed no other within 7 days" in found._repr_html_()

    def test_who_never_calls_again_may_have_given_up(self) -> None:
        """Counting repeats alone, the wall is a success."""
        found = first_contact_resolution(journeys_of(list(self.ROWS)), unresolved="closed")
        assert found.rate == pytest.approx(6 / 7)

    def test_without_follow_up_last_week_looks_best(self) -> None:
        """A longer horizon leaves out more contacts, and finds more of them repeated."""
        month = first_contact_resolution(journeys_of(list(self.ROWS)), within=timedelta(days=30))
        assert (month.n, month.repeated, month.n_too_recent) == (7, 2, 2)
        none = first_contact_resolution(journeys_of(list(self.ROWS)), within=timedelta(days=90))
        assert math.isnan(none.rate)
        assert none.interval is None
        assert none.reason == "no closed contact with a reason was followed for long enough"
        assert len(none.to_frame()) == 0
        assert "no rate" in str(none)

    def test_one_customer_with_all_the_calls_is_one_customer(self) -> None:
        """Bounds are Wilson's where everybody calls once, and those of one answer where one calls always."""
        alone = [(str(k), str(k), "call", 0.0, "ok", "bill") for k in range(12)]
        found = first_contact_resolution(journeys_of(alone))
        assert found.interval is not None
        assert found.interval.lower == pytest.approx(float(wilson_interval(12, 12)[0]))
        same = [(str(k), "x", "call", 0.0, "ok", f"matter {k}") for k in range(12)]
        one = first_contact_resolution(journeys_of(same))
        assert one.interval is not None
        assert one.interval.lower == pytest.approx(float(wilson_interval(1, 1)[0]))

    @examples(25)
    @given(
        st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40), st.integers(0, 1)), min_size=1, max_size=25)
    )
    def test_slow_twin(self, calls: list[tuple[int, int, int]]) -> None:
        """A loop over all pairs of contacts finds the same."""
        rows = [
            (f"j{k}", f"c{who}", "call", float(day), "ok", f"r{why}")
            for k, (who, day, why) in enumerate(calls)
        ]
        found = first_contact_resolution(journeys_of(rows, days=45))
        asked = [k for k, (_, day, _) in enumerate(calls) if 45 - day >= 7]
        repeated = 0
        for k in asked:
            who, day, why = calls[k]
            later = [
                other
                for n, other in enumerate(calls)
                if n != k and other[0] == who and other[2] == why and (other[1], n) > (day, k)
            ]
            repeated += any(other[1] - day <= 7 for other in later)
        assert (found.n, found.repeated) == (len(asked), repeated)
        assert found.resolved + found.repeated + found.unresolved == found.n

    def test_without_reasons_any_contact_is_the_same(self) -> None:
        events = pd.DataFrame(
            {
                "case_id": ["a", "a"],
                "touchpoint": ["call", "call"],
                "timestamp": pd.to_datetime(["2026-01-05", "2026-01-06"]),
            }
        )
        journeys = find_journeys(prepare_log(events), goal=(), contact="call", end="2026-03-01")
        found = first_contact_resolution(journeys)
        assert (found.n, found.repeated, found.reasons) == (2, 1, (None,))

    def test_refusals(self) -> None:
        journeys = journeys_of(list(self.ROWS))
        with pytest.raises(InvalidInputError, match="`within` must be a positive timedelta, got 7"):
            first_contact_resolution(journeys, within=7)  # type: ignore[arg-type]
        with pytest.raises(
            InvalidInputError, match="`unresolved` must be one of 'failed', 'closed', got 'no'"
        ):
            first_contact_resolution(journeys, unresolved="no")  # type: ignore[arg-type]
        silent = journeys_of([("a", "1", "cart", 0, None, None)])
        with pytest.raises(InvalidInputError, match="`journeys` must have contacts, got none"):
            first_contact_resolution(silent)


class TestContactRate:
    def test_the_hotel_story(self) -> None:
        """The call belongs to the payment whose price doubled, and not to the call centre."""
        log = prepare_log(hotel_story(), EventSchema.full())
        found = contact_rate(find_journeys(log, goal=(), contact="call_centre"))
        assert found.to_frame()[["touchpoint", "reason", "contacts"]].to_numpy().tolist() == [
            ["payment", "complaint", 1]
        ]
        lower, upper = garwood_interval(1)
        assert found.interval is not None
        assert found.interval.lower == pytest.approx(100 * float(lower))
        assert found.interval.upper == pytest.approx(100 * float(upper))

    def test_rows_add_up_and_a_busy_caller_is_one(self) -> None:
        """Rates sum to the total; nine calls of one customer are worth one, of nine are worth nine."""
        rows: list[Row] = [(str(k), str(k), "cart", 0, None, None) for k in range(100)]
        many = rows + [("0", "0", "call", 1 + k, "ok", f"why {k % 2}") for k in range(9)]
        busy = contact_rate(journeys_of(many))
        assert (busy.n, busy.n_customers, busy.rate) == (9, 1, pytest.approx(9.0))
        assert busy.rates.sum() == pytest.approx(busy.rate)
        lower, upper = garwood_interval(1)
        assert busy.interval is not None
        assert busy.interval.lower == pytest.approx(9 * float(lower))
        assert busy.interval.upper == pytest.approx(9 * float(upper))
        spread = rows + [(str(k), str(k), "call", 1, "ok", "why") for k in range(9)]
        found = contact_rate(journeys_of(spread))
        assert found.interval is not None
        assert found.interval.upper == pytest.approx(float(garwood_interval(9)[1]))

    def test_no_orders_and_no_contacts(self) -> None:
        """Without orders there is no rate per order; without calls the rate is 0 and may be more."""
        rows: list[Row] = [("a", "1", "cart", 0, None, None), ("b", "2", "call", 0, "ok", "why")]
        none = contact_rate(journeys_of(rows), per="orders")
        assert math.isnan(none.rate)
        assert none.interval is None
        assert none.reason == "there are no orders"
        assert "no contact rate: there are no orders" in none._repr_html_()
        late = journeys_of(rows)
        quiet = find_journeys(
            prepare_log(
                pd.DataFrame(
                    {"case_id": ["a"], "touchpoint": ["cart"], "timestamp": pd.to_datetime(["2026-01-05"])}
                )
            ),
            goal=(),
        )
        assert late.n_journeys == 2
        with pytest.raises(InvalidInputError, match="must have contacts"):
            contact_rate(quiet)
        with pytest.raises(InvalidInputError, match="`per` must be one of"):
            contact_rate(late, per="visits")  # type: ignore[arg-type]
        # The call came out of nothing: it is to blame itself.
        assert contact_rate(late).touchpoints == ("call",)

    def test_bounds_hold_where_calls_come_in_batches(self) -> None:
        """Of compound Poisson counts the 95 % interval misses about 5 %, where Garwood's misses a quarter."""
        from customer_centric.journey._shares import clustered_rates

        rng = np.random.default_rng(1)
        missed, naive, n = 0, 0, 400
        for _ in range(n):
            batches = rng.geometric(0.4, poisson.rvs(20, random_state=rng))
            customer = np.repeat(np.arange(batches.size), batches)
            zeros = np.zeros(customer.size, dtype=np.int64)
            _, lower, upper = clustered_rates(zeros, 1, customer, 1.0, 0.95)
            missed += not lower[0] <= 50 <= upper[0]
            low, high = garwood_interval(customer.size)
            naive += not low <= 50 <= high
        assert missed / n < 0.08
        assert naive / n > 0.2


class TestVoiceExitRatio:
    ROWS: tuple[Row, ...] = (
        ("a", "1", "pay", 0.0, "error", None),
        ("a", "1", "call", 0.1, "ok", "bill"),
        ("b", "2", "pay", 0.0, "error", None),  # left without a word
        ("c", "3", "pay", 0.0, "error", None),
        ("c", "3", "goal", 0.1, "ok", None),  # silent, and stayed
        ("d", "4", "pay", 0.0, "ok", None),  # no friction
        ("e", "5", "cart", 0.0, "error", None),
        ("e", "5", "pay", 0.1, "error", None),
        ("f", "6", "call", 0.0, "ok", "bill"),
        ("f", "6", "pay", 0.1, "error", None),  # the call was before
        ("g", "7", "pay", 0.0, "error", None),
        ("g", "7", "goal", 0.1, "ok", None),
        ("g", "7", "call", 0.2, "ok", "room"),  # bought, and complained afterwards
    )

    def test_by_hand(self) -> None:
        table = detect_signals(journeys_of(list(self.ROWS), closed_after=1))
        found = voice_exit_ratio(table)
        assert (found.flagged, found.complaints, found.silent, found.n_converted) == (6, 2, 3, 1)
        assert found.ratio == pytest.approx(2 / 5)
        frame = found.to_frame()
        assert frame["touchpoint"].tolist() == ["pay", "cart"]
        assert frame.loc[0, ["flagged", "complaints", "silent", "converted"]].tolist() == [6, 2, 3, 1]
        assert frame.loc[1, ["flagged", "complaints", "silent"]].tolist() == [1, 0, 1]
        assert frame["ratio"].tolist() == pytest.approx([0.4, 0.0])
        # Nobody of one: the bound is that of one leaver.
        assert frame.loc[1, "upper"] == pytest.approx(float(wilson_interval(0, 1)[1]))
        assert "40.0 % spoke up" in found._repr_html_()

    def test_what_a_complaint_is_can_be_said(self) -> None:
        table = detect_signals(journeys_of(list(self.ROWS), closed_after=1))
        assert voice_exit_ratio(table, reasons="room").complaints == 1
        with pytest.raises(InvalidInputError, match="`reasons` must be intents of the log, got 'rage'"):
            voice_exit_ratio(table, reasons=["rage"])
        with pytest.raises(InvalidInputError, match="`studied` must name signals of the table, got 'rage'"):
            voice_exit_ratio(table, studied=["rage"])

    def test_open_journeys_have_not_left(self) -> None:
        """Without an end to journeys nobody is a silent leaver yet."""
        found = voice_exit_ratio(detect_signals(journeys_of(list(self.ROWS))))
        assert (found.complaints, found.silent, found.n_open) == (2, 0, 3)
        quiet = voice_exit_ratio(detect_signals(journeys_of(list(self.ROWS[2:3]) + list(self.ROWS[8:9]))))
        assert math.isnan(quiet.ratio)
        assert quiet.interval is None
        assert "nobody who met friction complained or was lost" in str(quiet)
