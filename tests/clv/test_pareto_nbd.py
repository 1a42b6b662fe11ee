"""The Pareto/NBD: what is peculiar to it; its published numbers and the laws have files of their own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import hyp2f1

from clv._errors import check_edges, check_refusals
from customer_centric import DiscountRate, ParetoNbd

MODEL = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")


def test_impossible_input_is_refused_by_name() -> None:
    check_refusals(MODEL)


def test_edges() -> None:
    check_edges(MODEL)


@pytest.mark.parametrize(("alpha", "beta"), [(10.0, 12.0), (12.0, 10.0), (11.0, 11.0)])
def test_closed_form_of_schmittlein_morrison_colombo_1987(alpha: float, beta: float) -> None:
    """Their two cases and the one between, from Gauss's hypergeometric function."""
    r, s, x, t_x, age = 0.6, 0.7, 3, 10.0, 20.0
    model = ParetoNbd(r=r, alpha=alpha, s=s, beta=beta, unit="week")
    w, larger = r + s + x, max(alpha, beta)
    power = s + 1 if alpha >= beta else r + x

    def part(time: float) -> float:
        return float(hyp2f1(w, power, w + 1, abs(alpha - beta) / (larger + time)) / (larger + time) ** w)

    alive = (alpha + age) ** -(r + x) * (beta + age) ** -s
    dead = s / w * (part(t_x) - part(age))
    np.testing.assert_allclose(model.probability_alive(x, t_x, age), alive / (alive + dead), rtol=1e-12)


def test_a_purchase_at_the_very_end_proves_life() -> None:
    np.testing.assert_array_equal(MODEL.probability_alive([1, 9], [20, 20], [20, 20]), 1.0)


def test_nothing_breaks_where_the_mean_lifetime_diverges() -> None:
    """The formula divides by s - 1."""
    at, near = (ParetoNbd(r=0.5, alpha=9, s=s, beta=12, unit="week") for s in (1.0, 1 + 1e-9))
    answers = [
        (
            model.expected_purchases(2, 5, 9, horizon=30),
            model.discounted_purchases(2, 5, 9, discount_rate=DiscountRate.annual(0.1)),
        )
        for model in (at, near)
    ]
    np.testing.assert_allclose(*answers, rtol=1e-8)


def test_the_whole_future_is_finite_for_s_above_one() -> None:
    model = ParetoNbd(r=0.5, alpha=9, s=3, beta=12, unit="week")
    none = DiscountRate.annual(0)
    whole = model.expected_purchases(2, 5, 9, horizon=np.inf)
    np.testing.assert_allclose(whole, model.probability_alive(2, 5, 9) * 2.5 / 18 * 21 / 2, rtol=1e-14)
    far = model.purchase_variance(2, 5, 9, discount_rate=none, horizon=1e9)
    np.testing.assert_allclose(model.purchase_variance(2, 5, 9, discount_rate=none), far, rtol=1e-6)
    assert np.isinf(MODEL.purchase_variance(2, 5, 9, discount_rate=none))
