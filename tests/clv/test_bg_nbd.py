"""The BG/NBD: what is peculiar to it; its published numbers and the laws have files of their own."""

from __future__ import annotations

import numpy as np
import pytest

from clv._errors import check_edges, check_refusals
from customer_centric import BgNbd, DiscountRate, Horizon, InvalidInputError

MODEL = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")


def test_impossible_input_is_refused_by_name() -> None:
    check_refusals(MODEL)
    with pytest.raises(InvalidInputError, match="`unit` must be one of 'day', 'week', 'month', got 'year'"):
        BgNbd(r=1, alpha=1, a=1, b=1, unit="year")  # type: ignore[arg-type]


def test_edges() -> None:
    check_edges(MODEL)


def test_a_customer_without_repeat_purchase_is_alive_for_certain() -> None:
    """The complaint users of every package make: it is the model, not the code."""
    np.testing.assert_array_equal(MODEL.probability_alive(0, 0, [0, 10, 1e5]), 1.0)


def test_density_of_the_last_purchase_at_the_end_needs_no_case() -> None:
    """At t_x = T the odds of being alive are (b + x - 1) / a, whatever the times."""
    alive = MODEL.probability_alive([1, 5], [9, 40], [9, 40])
    trials = MODEL.b + np.array([0, 4])
    np.testing.assert_allclose(alive, trials / (MODEL.a + trials), rtol=1e-14)


def test_published_closed_form_agrees_where_it_can_be_computed() -> None:
    """Equation 10 of Fader, Hardie and Lee (2005), with Gauss's hypergeometric function."""
    from scipy.special import hyp2f1

    r, alpha, a, b = MODEL.parameters
    x, t_x, age, t = 2, 30.43, 38.86, 39.0
    closed = (a + b + x - 1) / (a - 1)
    closed *= 1 - ((alpha + age) / (alpha + age + t)) ** (r + x) * hyp2f1(
        r + x, b + x, a + b + x - 1, t / (alpha + age + t)
    )
    closed *= MODEL.probability_alive(x, t_x, age)
    np.testing.assert_allclose(MODEL.expected_purchases(x, t_x, age, horizon=t), closed, rtol=1e-12)


def test_horizons_carry_their_unit() -> None:
    a_year = MODEL.expected_purchases(2, 30.43, 38.86, horizon=Horizon.years(1))
    np.testing.assert_allclose(a_year, MODEL.expected_purchases(2, 30.43, 38.86, horizon=365.25 / 7))
    soon = MODEL.probability_alive(2, 30.43, 38.86, after=Horizon(7, "day"))
    np.testing.assert_allclose(soon, MODEL.probability_alive(2, 30.43, 38.86, after=1))


def test_the_whole_future_is_finite_for_a_above_one() -> None:
    """E[(a + b + x - 1) / (a - 1)] purchases remain, however long it takes."""
    model = BgNbd(r=0.5, alpha=5, a=2.5, b=4, unit="week")
    whole = model.expected_purchases(3, 10, 12, horizon=np.inf)
    np.testing.assert_allclose(whole, model.probability_alive(3, 10, 12) * (2.5 + 7 - 1) / 1.5, rtol=1e-14)
    np.testing.assert_allclose(model.expected_purchases(3, 10, 12, horizon=1e13), whole, rtol=1e-5)
    assert np.isinf(model.purchase_variance(3, 10, 12, discount_rate=DiscountRate.annual(0))) == (
        model.a <= 2
    )
    assert np.isinf(MODEL.expected_purchases(0, 0, 5, horizon=np.inf))


def test_next_purchase_quantiles_invert_the_distribution() -> None:
    history = (2, 30.43, 38.86)
    level = np.array([0.0, 0.1, 0.5, 0.7])
    wait = MODEL.next_purchase_quantile(level, *history)
    for share, time in zip(level[1:], wait[1:], strict=True):
        np.testing.assert_allclose(MODEL.purchase_tail(1, *history, horizon=float(time)), share, rtol=1e-12)
    assert wait[0] == 0
    assert np.isinf(MODEL.next_purchase_quantile(0.73, *history))
    with pytest.raises(InvalidInputError, match="`probability` must be a finite number at least 0 and less"):
        MODEL.next_purchase_quantile(1.0, *history)
