"""Active customers by any model of purchases: sums of probabilities, with their spread."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdnow import histories as cdnow_histories
from cdnow import pareto_nbd
from customer_centric.churn import active_customers
from customer_centric.clv import MbgNbd, Nbd, fit_mbg_nbd
from customer_centric.errors import InvalidInputError

MODEL = MbgNbd(r=0.52, alpha=6.18, a=0.89, b=1.61, unit="week")
HISTORIES = st.lists(
    st.tuples(st.integers(0, 20), st.floats(0, 1), st.floats(1, 78)), min_size=1, max_size=20
)


def columns(histories: list[tuple[int, float, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = np.array([row[0] for row in histories], dtype=float)
    age = np.array([row[2] for row in histories])
    return x, np.where(x > 0, np.array([row[1] for row in histories]) * age, 0.0), age


@given(HISTORIES, st.floats(0.1, 60))
def test_the_active_are_the_sum_of_probabilities(
    histories: list[tuple[int, float, float]], horizon: float
) -> None:
    x, recency, age = columns(histories)
    found = active_customers(MODEL, x, recency, age, horizon=horizon)
    now = MODEL.probability_alive(x, recency, age)
    assert found.expected == pytest.approx(now.sum())
    assert found.later <= found.expected * (1 + 1e-12)
    assert 0 <= found.probability <= 1
    assert found.interval.lower <= found.expected <= found.interval.upper <= found.n
    if found.later > 0:
        assert 1 - math.exp(-found.rate * horizon) == pytest.approx(found.probability, abs=1e-9)


@given(HISTORIES, st.integers(1, 5))
def test_weights_are_customers(histories: list[tuple[int, float, float]], times: int) -> None:
    x, recency, age = columns(histories)
    weighted = active_customers(MODEL, x, recency, age, horizon=13, weights=np.full(x.size, times))
    repeated = active_customers(MODEL, *(np.tile(c, times) for c in (x, recency, age)), horizon=13)
    assert weighted.expected == pytest.approx(repeated.expected)
    assert weighted.interval.width == pytest.approx(repeated.interval.width, abs=1e-9)


def test_nobody_leaves_a_model_without_dropout() -> None:
    found = active_customers(Nbd(r=0.4, alpha=12.0, unit="week"), [0, 3], [0, 20], [38, 38], horizon=26)
    assert (found.expected, found.probability, found.rate) == (2.0, 0.0, 0.0)
    assert found.interval.width == 0
    assert "for certain" in str(found.reason), "a number without a width is explained"
    assert "2.0 of 2 customers active" in str(found)
    assert "active" in found._repr_html_()
    nobody = active_customers(MODEL, [0], [0], [38], horizon=26, weights=[0.0])
    assert math.isnan(nobody.probability)
    assert "nobody" in str(nobody.reason)


def test_published_sum_of_probabilities() -> None:
    """CDNOW, 39 weeks: the Pareto/NBD at its maximum has 1,051.875 active customers of 2,357."""
    counts, fit = cdnow_histories().sufficient_statistics(), pareto_nbd()
    arguments = (counts.frequency, counts.recency, counts.age)
    found = active_customers(fit.model, *arguments, horizon=39, weights=counts.weight)
    assert found.expected == pytest.approx(1051.875, abs=0.05)
    with_fit = active_customers(fit, *arguments, horizon=39, weights=counts.weight)
    assert with_fit.interval.width > found.interval.width, "parameters are uncertain too"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"horizon": 0}, "`horizon` must be a finite number greater than 0, got 0"),
        ({"weights": [1.0, 2.0]}, "`weights` must have one number a customer, got shape"),
        ({"weights": [-1.0]}, "`weights` must be .* at least 0, got -1"),
        ({"confidence_level": 2}, "`confidence_level` must be"),
    ],
)
def test_refusals(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        active_customers(MODEL, [1], [2], [3], **({"horizon": 5} | arguments))  # type: ignore[arg-type]


def test_no_customers_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="`frequency` must have at least one customer, got none"):
        active_customers(MODEL, [], [], [], horizon=5)


def test_the_rate_of_a_fit_has_bounds_and_that_of_a_model_has_none() -> None:
    counts = cdnow_histories().sufficient_statistics()
    known = fit_mbg_nbd(counts)
    columns = (counts.frequency, counts.recency, counts.age)
    found = active_customers(known, *columns, weights=counts.weight, horizon=52)
    wider = active_customers(known, *columns, weights=counts.weight, horizon=52, confidence_level=0.99)
    assert found.rate_interval is not None
    assert wider.rate_interval is not None
    assert wider.rate_interval.lower < found.rate_interval.lower < found.rate < found.rate_interval.upper
    assert active_customers(known.model, *columns, horizon=52).rate_interval is None
