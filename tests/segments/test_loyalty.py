"""Loyal by a rule, and what loyalty is worth: ratios of means whose intervals invert a test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp, ttest_ind

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import wilson_interval
from customer_centric.segments import clv_equivalence, clv_multiple, loyal_share
from effort import examples

VALUES = st.lists(st.floats(10, 1000), min_size=3, max_size=15)


def test_a_loyal_customer_worth_ten_first_purchases() -> None:
    """The often quoted "up to ten times the first purchase": 4,000 over a first contribution of 400."""
    found = clv_multiple([4000.0, 5000, 3000], [400.0, 410, 390])
    assert found.ratio == pytest.approx(10)
    assert found.interval is not None
    assert found.interval.contains(10)
    assert "10.00 times (90 % interval" in found._repr_html_()


@given(st.lists(st.tuples(st.floats(-100, 1000), st.floats(50, 200)), min_size=3, max_size=15))
@examples(50)
def test_the_bounds_of_a_multiple_are_where_students_test_turns(rows: list[tuple[float, float]]) -> None:
    """Fieller's bounds by their definition: the mean of v - R c is at the edge of significance."""
    v, c = np.array(rows).T
    found = clv_multiple(v, c, confidence_level=0.9)
    assert found.ratio == pytest.approx(v.sum() / c.sum())
    if found.interval is None or not np.isfinite(found.interval.width) or found.interval.width < 1e-6:
        return
    for bound in (found.interval.lower, found.interval.upper):
        assert ttest_1samp(v - bound * c, 0).pvalue == pytest.approx(0.1, rel=1e-4)


@given(VALUES, VALUES, st.floats(0.1, 10))
@examples(40)
def test_an_equivalence_scales_and_holds_its_ratio(loyal: list[float], others: list[float], k: float) -> None:
    found = clv_equivalence(loyal, others)
    other = clv_equivalence(np.array(loyal) * k, others)
    assert other.ratio == pytest.approx(k * found.ratio)
    same = clv_equivalence(np.array(loyal) * k, np.array(others) * k)
    assert same.ratio == pytest.approx(found.ratio)
    if found.interval is not None:
        assert found.interval.contains(found.ratio)
        assert same.interval is not None
        assert [same.interval.lower, same.interval.upper] == pytest.approx(
            [found.interval.lower, found.interval.upper], rel=1e-6
        )


def test_an_equivalence_of_one_is_welchs_test() -> None:
    """The interval leaves 1 out about where Welch's test refuses equal means."""
    rng = np.random.default_rng(5)
    for shift in (0.0, 0.3, 0.6, 0.9):
        v, w = rng.normal(10 + shift, 1, 30), rng.normal(10, 1, 20)
        found = clv_equivalence(v, w, confidence_level=0.95)
        assert found.interval is not None
        assert found.interval.contains(1.0) == (ttest_ind(v, w, equal_var=False).pvalue > 0.05)


def test_nothing_to_divide_by_one_customer_and_equals() -> None:
    loss = clv_multiple([5.0, 6], [-1.0, 0])
    assert np.isnan(loss.ratio)
    assert loss.reason == "the mean that it is divided by is not greater than 0"
    assert np.isnan(clv_equivalence([1.0, 2], [0.0, 0]).ratio)
    one = clv_multiple([50.0], [5.0])
    assert (one.ratio, one.interval, one.reason) == (10.0, None, "one customer shows nothing about others")
    assert clv_equivalence([50.0], [5.0, 5]).interval is None
    alike = clv_multiple([50.0, 100], [5.0, 10])
    assert (alike.ratio, alike.interval) == (10.0, None)
    assert "all customers are alike" in str(alike.reason)
    assert clv_equivalence([4.0, 4], [2.0, 2]).reason == alike.reason
    vague = clv_multiple([50.0, 90, 10], [1.0, 20, -15])
    assert vague.interval is not None
    assert vague.interval.width == np.inf
    assert "cannot be told from 0" in str(vague.reason)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.floats(0, 1)), min_size=1, max_size=30),
    st.floats(0, 0.99),
    st.integers(1, 5),
)
@examples(50)
def test_the_loyal_are_those_who_meet_every_rule(
    rows: list[tuple[float, int, float]], threshold: float, least: int
) -> None:
    p, k, w = (list(column) for column in zip(*rows, strict=True))
    rule = {"alive_threshold": threshold, "min_purchases": least}
    found = loyal_share(p, k, **rule)  # type: ignore[arg-type]
    loyal = [pi > threshold and ki >= least for pi, ki in zip(p, k, strict=True)]
    assert found.loyal.tolist() == loyal
    assert found.share == sum(loyal) / len(rows)
    assert (found.interval.lower, found.interval.upper) == wilson_interval(sum(loyal), len(rows))
    assert found.expected_share == pytest.approx(
        sum(pi for pi, ki in zip(p, k, strict=True) if ki >= least) / len(p)
    )
    wallet = loyal_share(p, k, **rule, share_of_wallet=w, min_share_of_wallet=0.5)  # type: ignore[arg-type]
    assert wallet.loyal.tolist() == [x and wi >= 0.5 for x, wi in zip(loyal, w, strict=True)]
    assert wallet.share <= found.share
    assert "are loyal (95 % interval" in found._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alive_threshold": 1}, "`alive_threshold` must be .* less than 1"),
        ({"min_purchases": 0}, "`min_purchases` must be a whole number at least 1"),
        ({"purchases": [1]}, "`probability_alive` and `purchases` must be one number a customer"),
        ({"probability_alive": [1.2, 0]}, "`probability_alive` must be .* at most 1, got 1.2 at position 0"),
        ({"purchases": [1.5, 1]}, "`purchases` must be a whole number"),
        ({"share_of_wallet": [1, 1]}, "must be given together"),
        (
            {"share_of_wallet": [1], "min_share_of_wallet": 0.5},
            "`share_of_wallet` must be one number a customer",
        ),
    ],
)
def test_refusals_of_the_share(arguments: dict[str, Any], message: str) -> None:
    call: dict[str, Any] = {
        "probability_alive": [0.5, 0.6],
        "purchases": [1, 2],
        "alive_threshold": 0.5,
        "min_purchases": 2,
    } | arguments
    with pytest.raises(InvalidInputError, match=message):
        loyal_share(call.pop("probability_alive"), call.pop("purchases"), **call)


def test_refusals_of_the_ratios() -> None:
    with pytest.raises(InvalidInputError, match="must be of the same customers, got 2 and 1"):
        clv_multiple([1, 2], [1])
    with pytest.raises(InvalidInputError, match="`occasional_value` must be one number a customer"):
        clv_equivalence([1], [])
    with pytest.raises(InvalidInputError, match="`loyal_value` must be a finite number, got nan"):
        clv_equivalence([np.nan], [1])
