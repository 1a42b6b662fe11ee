"""Prices that hold, and for how long they should: by hand, slow twins, edges and refusals."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.journey import (
    EventSchema,
    Journeys,
    detect_signals,
    find_journeys,
    prepare_log,
    price_hold_rate,
    recommended_quote_ttl,
)
from customer_centric.simulate import hotel_story
from effort import examples

START = pd.Timestamp("2026-01-05")
QUARTER = timedelta(minutes=15)
SCHEMA = EventSchema(
    customer_id="customer_id", outcome="outcome", item="item", price="price", amount="amount", order="order"
)
Row = tuple[str, str, float, str | None, float | None, float | None, str]


def journeys_of(rows: list[Row]) -> Journeys:
    """Rows of journey, touchpoint, minute, item, price, amount and outcome."""
    names = ["case_id", "touchpoint", "minute", "item", "price", "amount", "outcome"]
    events = pd.DataFrame(rows, columns=names)
    events["item"] = events["item"].astype(object)
    events["price"] = events["price"].astype(float)
    events["amount"] = events["amount"].astype(float)
    events["timestamp"] = (START + pd.to_timedelta(events["minute"], unit="min")).astype("datetime64[ms]")
    events["customer_id"] = events["case_id"]
    events["order"] = np.arange(len(events))
    return find_journeys(prepare_log(events.drop(columns="minute"), SCHEMA), goal=())


class TestPriceHoldRate:
    def test_the_hotel_story(self) -> None:
        """120 when the card came out, 240 on the receipt: one charge, and it did not hold."""
        journeys = find_journeys(prepare_log(hotel_story(), EventSchema.full()), goal=())
        found = price_hold_rate(journeys, time_to_live=QUARTER)
        assert (found.rate, found.held, found.n, found.highest_rise) == (0.0, 0, 1, 1.0)
        assert found.interval is not None
        assert found.interval.upper == pytest.approx(0.7935, abs=1e-4)
        assert "0.0 % of 1 charge within 0:15:00 of a quote kept to it" in found._repr_html_()
        # A quote that holds for a minute has expired when the money is taken; the tolerance is a share.
        short = price_hold_rate(journeys, time_to_live=timedelta(seconds=10))
        assert math.isnan(short.rate)
        assert (short.n_expired, short.reason) == (1, "no charge came within the time to live of a quote")
        assert price_hold_rate(journeys, time_to_live=QUARTER, tolerance=1.0).rate == 1.0

    def test_by_hand(self) -> None:
        rows: list[Row] = [
            ("a", "cart", 0, "x", 100, None, "ok"),
            ("a", "pay", 5, "x", 100, 100, "ok"),
            ("b", "cart", 0, "x", 100, None, "ok"),
            ("b", "cart", 4, "x", 120, None, "ok"),  # dearer, but the first quote still lives
            ("b", "pay", 5, "x", None, 120, "ok"),
            ("c", "cart", 0, "x", 100, None, "ok"),
            ("c", "cart", 14, "x", 120, None, "ok"),
            ("c", "pay", 16, "x", None, 120, "ok"),  # only the second one does
            ("d", "cart", 0, "x", 100, None, "ok"),
            ("d", "pay", 16, "x", None, 100, "ok"),  # expired
            ("e", "cart", 0, "y", 100, None, "ok"),
            ("e", "pay", 1, "x", None, 100, "ok"),  # another item was quoted
            ("f", "cart", 0, None, 100, None, "ok"),
            ("f", "pay", 1, None, None, 100, "ok"),  # nobody knows for what
            ("g", "pay", 0, "x", None, 90, "declined"),  # not charged: a quote
            ("g", "shop", 1, "x", None, 95, "ok"),
        ]
        found = price_hold_rate(journeys_of(rows), time_to_live=QUARTER)
        assert (found.n, found.held) == (4, 2)
        assert (found.n_expired, found.n_unquoted, found.n_without_item) == (1, 1, 1)
        assert found.highest_rise == pytest.approx(0.2)
        frame = found.to_frame().set_index("touchpoint")
        assert frame.loc["pay", ["charges", "held"]].tolist() == [3, 2]
        assert frame.loc["shop", "held"] == 0
        assert price_hold_rate(journeys_of(rows), time_to_live=QUARTER, tolerance=0.06).held == 3

    @examples(25)
    @given(
        st.lists(
            st.tuples(
                st.integers(0, 2), st.integers(0, 30), st.integers(0, 1), st.integers(1, 5), st.booleans()
            ),
            min_size=1,
            max_size=25,
        ),
        st.integers(1, 20),
    )
    def test_slow_twin(self, visits: list[tuple[int, int, int, int, bool]], minutes: int) -> None:
        """A loop over charges finds the same, and a longer promise is kept less often, of more charges."""
        visits = sorted(visits, key=lambda visit: visit[:2])
        rows: list[Row] = [
            (f"j{j}", f"s{k}", t, f"i{i}", None if paid else float(p), float(p) if paid else None, "ok")
            for k, (j, t, i, p, paid) in enumerate(visits)
        ]
        if not any(paid for *_, paid in visits):
            return
        found = price_hold_rate(journeys_of(rows), time_to_live=timedelta(minutes=minutes))
        n = held = 0
        for k, (j, t, i, p, paid) in enumerate(visits):
            living = [
                q for jj, tt, ii, q, was in visits[:k] if not was and (jj, ii) == (j, i) and t - tt <= minutes
            ]
            n += paid and bool(living)
            held += paid and bool(living) and p <= min(living)
        assert (found.n, found.held) == (n, held)
        longer = price_hold_rate(journeys_of(rows), time_to_live=timedelta(minutes=minutes + 5))
        assert longer.n >= found.n
        assert longer.n + longer.n_expired + longer.n_unquoted == sum(paid for *_, paid in visits)

    def test_refusals(self) -> None:
        journeys = journeys_of([("a", "cart", 0, "x", 100, None, "ok")])
        with pytest.raises(InvalidInputError, match="`time_to_live` must be a positive timedelta, got 15"):
            price_hold_rate(journeys, time_to_live=15)  # type: ignore[arg-type]
        with pytest.raises(InvalidInputError, match=r"`tolerance` must be .* at least 0, got -0.1"):
            price_hold_rate(journeys, time_to_live=QUARTER, tolerance=-0.1)
        plain = find_journeys(prepare_log(hotel_story(), EventSchema()), goal=())
        with pytest.raises(InvalidInputError, match="got a log without item and amount; name the columns"):
            price_hold_rate(plain, time_to_live=QUARTER)
        assert price_hold_rate(journeys, time_to_live=QUARTER).reason is not None


class TestRecommendedQuoteTtl:
    def test_by_hand(self) -> None:
        """Payments after 1 and 3 minutes, one who left at 2, one whose card was refused at 1."""
        rows: list[Row] = [
            ("a", "cart", 0, "x", 100, None, "ok"),
            ("a", "pay", 1, "x", None, 100, "ok"),
            ("b", "cart", 0, "x", 100, None, "ok"),
            ("b", "pay", 3, "x", None, 100, "ok"),
            ("c", "cart", 0, "x", 100, None, "ok"),
            ("c", "form", 2, "x", 100, None, "ok"),
            ("d", "cart", 0, "x", 100, None, "ok"),
            ("d", "form", 1, "x", 100, None, "error"),
            ("d", "pay", 9, "x", None, 100, "ok"),
            ("e", "cart", 0, "x", 100, None, "error"),  # not clean when it was quoted
        ]
        table = detect_signals(journeys_of(rows))
        found = recommended_quote_ttl(table, unit="minute")
        assert (found.n, found.n_paid, found.n_flagged) == (4, 2, 1)
        assert found.elapsed.tolist() == [1, 2, 3]
        assert found.share_paid == pytest.approx([0.25, 0.25, 1.0])
        assert found.duration == 3.0
        assert found.time_to_live == timedelta(minutes=3)
        assert found.to_frame()["share_paid"].iloc[-1] == 1.0
        assert "95 % of customers pay within 3 minutes of the quote" in found._repr_html_()
        assert recommended_quote_ttl(table, unit="second", share=0.2).duration == 60.0
        late = recommended_quote_ttl(table, unit="minute", quoted_at="form")
        assert (late.n, late.n_paid) == (1, 0)
        assert late.time_to_live is None
        assert late.reason == "the curve of payments ends at 0 %, short of 95 %"
        assert "no time to live" in str(late)

    def test_leavers_neither_count_as_slow_nor_vanish(self) -> None:
        """Where a third leaves at random, the curve finds the 95 % of those who pay; the mean of payers is
        too short, and with leavers waiting until the end of the log there would be none."""
        rng = np.random.default_rng(3)
        pays, leaves = rng.exponential(1.0, 1500), rng.exponential(2.0, 1500)
        rows: list[Row] = []
        for k, (pay, leave) in enumerate(zip(pays, leaves, strict=True)):
            rows.append((f"j{k}", "cart", 0, "x", 100, None, "ok"))
            done = pay <= leave
            rows.append(
                (f"j{k}", "pay" if done else "form", min(pay, leave), "x", 100, 100 if done else None, "ok")
            )
        found = recommended_quote_ttl(detect_signals(journeys_of(rows)), unit="minute")
        truth = -math.log(0.05)
        assert found.interval.contains(truth)
        assert np.quantile(pays[pays <= leaves], 0.95) < 0.8 * truth

    def test_refusals(self) -> None:
        table = detect_signals(journeys_of([("a", "cart", 0, "x", 100, None, "ok")]))
        with pytest.raises(InvalidInputError, match="`quoted_at` must be one of 'cart', got 'till'"):
            recommended_quote_ttl(table, unit="minute", quoted_at="till")
        with pytest.raises(InvalidInputError, match=r"`share` must be .* less than 1, got 1"):
            recommended_quote_ttl(table, unit="minute", share=1.0)
        with pytest.raises(InvalidInputError, match="`studied` must name signals of the table, got 'rage'"):
            recommended_quote_ttl(table, unit="minute", studied="rage")
        with pytest.raises(InvalidInputError, match="`unit` must be one of"):
            recommended_quote_ttl(table, unit="week")  # type: ignore[arg-type]
        none = recommended_quote_ttl(
            detect_signals(journeys_of([("a", "cart", 0, "x", None, None, "ok")])), unit="minute"
        )
        assert none.reason == "nothing was quoted in a clean journey"
