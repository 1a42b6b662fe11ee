"""Lifetime value of a chain: the published example, the closed forms it contains, and its limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.economics import clv_retention
from customer_centric.errors import InvalidInputError
from customer_centric.segments import clv_markov, migration_matrix
from customer_centric.typing import FloatArray
from effort import examples

CHAIN = [[0.75, 0.15, 0.05, 0.05], [0.20, 0.55, 0.15, 0.10], [0.05, 0.15, 0.55, 0.25], [0, 0, 0, 1]]
REWARD = [300, 100, 10, 0]


def chains() -> st.SearchStrategy[FloatArray]:
    row = st.lists(st.integers(0, 20), min_size=4, max_size=4).filter(any)
    return st.lists(row, min_size=4, max_size=4).map(
        lambda rows: np.array([np.array(r) / sum(r) for r in rows])
    )


def test_a_chain_in_the_manner_of_pfeifer_and_carraway() -> None:
    """Journal of Interactive Marketing 14(2), equation 9: 1,327.1, 778.9 and 353.1."""
    found = clv_markov(CHAIN, REWARD, discount_rate_per_period=0.1)
    np.testing.assert_allclose(found.lifetime_value, [1327.1, 778.9, 353.1, 0], atol=0.05)
    # "300 for ever" is what the best would be worth if nobody moved.
    still = clv_markov(np.eye(4), REWARD, discount_rate_per_period=0.1)
    assert still.lifetime_value[0] == pytest.approx(3300)


@given(chains(), st.floats(0.05, 2), st.lists(st.floats(-100, 100), min_size=4, max_size=4))
@examples(40)
def test_the_value_is_the_sum_over_the_periods(chain: FloatArray, rate: float, reward: list[float]) -> None:
    """The geometric series, term by term; and V = R + P V / (1 + d)."""
    found = clv_markov(chain, reward, discount_rate_per_period=rate).lifetime_value
    series, now = np.zeros(4), np.array(reward)
    for _ in range(int(30 / np.log1p(rate))):
        series += now
        now = chain @ now / (1 + rate)
    np.testing.assert_allclose(found, series, rtol=1e-9, atol=1e-7)
    np.testing.assert_allclose(found, np.array(reward) + chain @ found / (1 + rate), rtol=1e-9, atol=1e-7)


@given(chains(), st.permutations(range(4)), st.floats(0.05, 1))
@examples(30)
def test_names_of_states_do_not_matter_and_money_scales(
    chain: FloatArray, order: list[int], rate: float
) -> None:
    sizes = np.array([10.0, 20, 30, 40])
    reward = np.array(REWARD, dtype=float)
    found = clv_markov(chain, reward, discount_rate_per_period=rate, row_counts=sizes)
    other = clv_markov(
        chain[np.ix_(order, order)],
        2 * reward[order],
        discount_rate_per_period=rate,
        row_counts=sizes[order],
    )
    for name in ("lifetime_value", "lower", "upper"):
        np.testing.assert_allclose(
            getattr(other, name), 2 * getattr(found, name)[order], rtol=1e-9, atol=1e-9
        )


@given(st.floats(0, 1), st.floats(0.01, 1), st.floats(0, 1e4))
def test_two_states_are_the_closed_form_of_a_constant_retention_rate(
    retention: float, rate: float, margin: float
) -> None:
    found = clv_markov([[retention, 1 - retention], [0, 1]], [margin, 0], discount_rate_per_period=rate)
    expected = clv_retention(margin, retention, discount_rate=rate, timing="start")
    assert found.lifetime_value[0] == pytest.approx(expected, rel=1e-9)


@given(chains())
@examples(20)
def test_a_customer_for_a_moment_is_worth_the_reward(chain: FloatArray) -> None:
    """As the future stops to matter, the value is the reward of now."""
    found = clv_markov(chain, REWARD, discount_rate_per_period=1e9)
    np.testing.assert_allclose(found.lifetime_value, REWARD, atol=1e-5)


def test_the_bounds_are_the_first_order_of_the_posterior() -> None:
    """Against Dirichlet draws of the rows, half a customer added to each cell."""
    sizes = np.array([400.0, 500, 600, np.inf])
    found = clv_markov(CHAIN, REWARD, discount_rate_per_period=0.1, row_counts=sizes)
    rng = np.random.default_rng(2)
    draws = np.stack([rng.dirichlet(np.array(CHAIN[i]) * sizes[i] + 0.5, 4000) for i in range(3)], axis=1)
    lost = np.broadcast_to([0.0, 0, 0, 1], (4000, 1, 4))
    matrices = np.concatenate([draws, lost], axis=1)
    values = np.linalg.solve(np.eye(4) - matrices / 1.1, np.array(REWARD, dtype=float)[:, None])[..., 0]
    np.testing.assert_allclose((found.upper - found.lower)[:3], 2 * 1.645 * values.std(axis=0)[:3], rtol=0.05)
    assert found.lower[3] == found.upper[3] == 0


def test_a_migration_brings_its_counts_and_lost() -> None:
    before = ["best"] * 30 + ["rest"] * 20
    after = ["best"] * 30 + ["rest"] * 10 + [None] * 10
    moved = migration_matrix(before, after, states=["best", "rest"])
    found = clv_markov(moved, [100, 10], discount_rate_per_period=0.1)
    assert found.states == ("best", "rest", "lost")
    assert found.lifetime_value[1] == pytest.approx(10 / (1 - 0.5 / 1.1))
    # Thirty of thirty stayed: that is not certain to go on.
    assert found.upper[0] - found.lower[0] > 50
    assert found.to_frame()["state"].tolist() == ["best", "rest", "lost"]
    assert "the best is best with 1,100.00" in found._repr_html_()
    assert clv_markov(moved, [100, 10, 0], discount_rate_per_period=0.1).lower[0] == found.lower[0]
    assert clv_markov(CHAIN, REWARD, discount_rate_per_period=0.1).reason is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"transition": [[0.5, 0.4], [0, 1]]},
            "rows add up to 1, got 0.9 at position 0 .*to a state of their own",
        ),
        ({"transition": [[1, 0]]}, r"`transition` must be a square matrix, got shape \(1, 2\)"),
        ({"transition": [[1.5, -0.5], [0, 1]]}, "`transition` must be .* at most 1"),
        ({"reward": [1]}, "`reward` must be one number a state"),
        ({"discount_rate_per_period": 0}, "`discount_rate_per_period` must be .* greater than 0"),
        ({"row_counts": [1]}, "`row_counts` must be one number a row"),
        ({"states": ["a"]}, "`states` must be one name a row"),
        (
            {"transition": migration_matrix(["a"], ["a"], states=["a", "b"])},
            "`transition` must have customers in every segment",
        ),
        (
            {"transition": migration_matrix(["a"], ["a"], states=["a"]), "states": ["b"]},
            "`row_counts` and `states` must be left out",
        ),
    ],
)
def test_refusals(arguments: dict[str, Any], message: str) -> None:
    call: dict[str, Any] = {
        "transition": [[0.5, 0.5], [0, 1]],
        "reward": [1, 0],
        "discount_rate_per_period": 0.1,
    } | arguments
    with pytest.raises(InvalidInputError, match=message):
        clv_markov(call.pop("transition"), call.pop("reward"), **call)
