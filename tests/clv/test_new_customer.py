"""Forecasts for a newcomer are those for the empty history, as plain numbers."""

from __future__ import annotations

from customer_centric import DiscountRate, Horizon, MbgNbd, NewCustomer

MODEL = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
RATE = DiscountRate.annual(0.1)


def test_answers_are_plain_numbers() -> None:
    new = NewCustomer(MODEL)
    for answer in (
        new.probability_alive(),
        new.expected_purchases(horizon=Horizon.years(1)),
        new.discounted_purchases(discount_rate=RATE),
        new.purchase_variance(discount_rate=RATE),
    ):
        assert type(answer) is float
    assert new == MODEL.new_customer()


def test_the_pmf_keeps_the_shape_of_n() -> None:
    assert NewCustomer(MODEL).purchase_pmf([[0, 1], [2, 3]], horizon=4).shape == (2, 2)
