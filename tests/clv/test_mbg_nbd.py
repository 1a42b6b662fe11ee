"""The MBG/NBD: what is peculiar to it; its published numbers and the laws have files of their own."""

from __future__ import annotations

import numpy as np

from clv._errors import check_edges, check_refusals
from customer_centric import BgNbd, MbgNbd

MODEL = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")


def test_impossible_input_is_refused_by_name() -> None:
    check_refusals(MODEL)


def test_edges() -> None:
    check_edges(MODEL)


def test_a_customer_may_leave_at_the_first_purchase() -> None:
    """On the day of the first purchase b / (a + b) are alive, and ever fewer of those who do not return."""
    alive = MODEL.probability_alive(0, 0, [0, 1, 10, 100])
    np.testing.assert_allclose(alive[0], MODEL.b / (MODEL.a + MODEL.b), rtol=1e-14)
    assert (np.diff(alive) < 0).all()


def test_a_new_customer_counts_the_risk_of_leaving_at_once() -> None:
    """With b one higher and everybody alive, it is the BG/NBD from then on."""
    follower = BgNbd(r=MODEL.r, alpha=MODEL.alpha, a=MODEL.a, b=MODEL.b + 1, unit="week")
    share = MODEL.b / (MODEL.a + MODEL.b)
    new, after = MODEL.new_customer(), follower.new_customer()
    np.testing.assert_allclose(
        new.expected_purchases(horizon=52), share * after.expected_purchases(horizon=52), rtol=1e-13
    )
    np.testing.assert_allclose(
        new.purchase_pmf([1, 2, 9], horizon=52), share * after.purchase_pmf([1, 2, 9], horizon=52), rtol=1e-12
    )


def test_next_purchase_quantiles_invert_the_distribution() -> None:
    wait = float(MODEL.next_purchase_quantile(0.3, 2, 30.43, 38.86))
    np.testing.assert_allclose(MODEL.purchase_tail(1, 2, 30.43, 38.86, horizon=wait), 0.3, rtol=1e-12)
