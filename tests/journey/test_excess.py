"""Excess drop-off: the published claims, each baseline by hand, and what it says without any."""

from __future__ import annotations

import math

import numpy as np
import pytest

from customer_centric.errors import InvalidInputError
from customer_centric.journey import excess_drop_off
from journey._paths import signals_of


def test_claims_called_in_to_two_offices() -> None:
    """20.5 % of 1,792 claims against 11.3 %: 9.1 points, 164 claims; limits by Newcombe's formula."""
    table = signals_of(
        ["cart bye"] * 367 + ["cart buy"] * 1425 + ["cart bye"] * 195 + ["cart buy"] * 1525,
        channel=["Sydney"] * 1792 + ["Brisbane"] * 1720,
    )
    found = excess_drop_off(table, ["cart", "buy"], baseline="best_channel")
    (row,) = found.to_frame().to_dict("records")
    assert (row["group"], row["against"], row["n"]) == ("Sydney", "Brisbane", 1792)
    assert row["drop_off"] == pytest.approx(0.205, abs=5e-4)
    assert row["baseline_drop_off"] == pytest.approx(0.113, abs=5e-4)
    assert row["excess"] == pytest.approx(0.091, abs=5e-4)
    assert round(row["lost"]) == 164
    z = 1.959963984540054

    def wilson(k: int, n: int) -> tuple[float, float]:
        p, w = k / n, z * z / n
        half = z * math.sqrt(p * (1 - p) / n + w / 4 / n)
        return (p + w / 2 - half) / (1 + w), (p + w / 2 + half) / (1 + w)

    (l1, u1), (l2, u2) = wilson(367, 1792), wilson(195, 1720)
    p1, p2 = 367 / 1792, 195 / 1720
    assert row["lower"] == pytest.approx(p1 - p2 - math.hypot(p1 - l1, u2 - p2))
    assert row["upper"] == pytest.approx(p1 - p2 + math.hypot(u1 - p1, p2 - l2))
    assert "best_channel: most is lost at cart (Sydney), 20.5 %" in found._repr_html_()


def test_clean_visits_are_what_flagged_ones_are_compared_with() -> None:
    """Of four who failed two go on, of four who did not three; open journeys are left out."""
    paths = ["cart! buy"] * 2 + ["cart! bye"] * 2 + ["cart buy"] * 3 + ["cart bye", "cart", "cart!"]
    found = excess_drop_off(signals_of(paths), ["cart", "buy"])
    assert (found.group, found.against, found.baseline) == (("flagged",), ("clean",), "clean")
    assert found.n.tolist() == [4.0]
    assert found.excess.tolist() == [0.25]
    assert found.lost.tolist() == [1.0]
    assert found.lower[0] < 0 < found.upper[0]


def test_other_days_and_rates_known_from_elsewhere() -> None:
    table = signals_of(["cart buy", "cart buy", "cart bye", "cart buy"])
    later = excess_drop_off(table, ["cart", "buy"], baseline="previous", since="2026-03-01 00:04")
    assert later.drop_off.tolist() == [0.5]
    assert later.baseline_drop_off.tolist() == [0.0]
    stated = excess_drop_off(table, ["cart", "buy"], baseline={"cart": 0.1})
    assert stated.excess == pytest.approx([0.15])
    assert np.isinf(stated.n_baseline[0])
    assert stated.lower[0] > -0.1


def test_nothing_to_compare_is_nan_with_the_widest_limits() -> None:
    found = excess_drop_off(signals_of(["cart buy", "cart bye"]), ["cart", "buy"])
    assert math.isnan(found.excess[0])
    assert found.lower[0] < -0.9
    assert found.upper[0] > 0.9
    assert str(found) == "drop-off against clean: nothing to compare"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": ["cart"]}, "`steps` must be at least two touchpoints"),
        ({"baseline": "best"}, "`baseline` must be one of 'clean', 'best_channel', 'previous', got 'best'"),
        ({"baseline": "best_channel"}, 'must not be "best_channel" for a log without channels'),
        ({"baseline": "previous"}, '`since` must be given for the baseline "previous"'),
        ({"baseline": "previous", "since": "2026-03-01T00:00Z"}, "`since` must be without a time zone"),
        ({"baseline": {"pay": 0.1}}, "`baseline` must be one of 'cart', got 'pay'"),
        ({"baseline": {"cart": 1.5}}, "at most 1, got 1.5"),
        ({"studied": "rage"}, "`studied` must be one of 'error', .*, got 'rage'"),
    ],
)
def test_refusals(options: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"steps": ["cart", "buy"], **options}
    with pytest.raises(InvalidInputError, match=message):
        excess_drop_off(signals_of(["cart buy", "cart bye"]), **arguments)  # type: ignore[arg-type]
