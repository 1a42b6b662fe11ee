"""Results become parts of a report without losing or inventing a number."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.audit.assemble import fitted_model, log_counts, top_customers, value_groups
from customer_centric.audit.plain import Estimate
from customer_centric.clv import HistoryCounts, fit_nbd, summarise_transactions
from customer_centric.datasets import load_cdnow_sample


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_groups_hold_everybody_and_everything(values: list[float]) -> None:
    groups = value_groups(np.array(values))
    assert sum(group.customers for group in groups) == len(values)
    assert len(groups) == min(10, len(values))
    assert sum(group.value for group in groups) == pytest.approx(math.fsum(values))
    means = [group.value / group.customers for group in groups]
    assert all(a >= b * (1 - 1e-12) for a, b in pairwise(means))
    if math.fsum(values) > 0:
        assert groups[-1].cumulative_share == pytest.approx(1.0)
        assert groups[0].share is not None
        assert groups[0].share >= 1 / len(groups) * (1 - 1e-12)


def test_groups_of_few_or_worthless_customers() -> None:
    labels = [group.label for group in value_groups(np.array([1.0, 3.0, 2.0]))]
    assert labels == ["The most valuable customer", "Customer 2", "Customer 3"]
    assert {group.share for group in value_groups(np.zeros(30))} == {None}
    assert value_groups(np.zeros(30))[1].label == "Tenth 2"


def test_customers_come_with_their_intervals() -> None:
    columns = {
        "customer": np.array(["b", "c", "a"], dtype=object),
        "frequency": np.array([5, 2, 0]),
        "recency": np.array([9.0, 4.0, 0.0]),
        "age": np.array([10.0, 10.0, 10.0]),
        "mean_spend": np.array([8.0, 7.0, np.nan]),
        "probability_alive": np.array([0.9, 0.7, 0.5]),
        "expected_purchases": np.array([4.0, 2.0, 0.1]),
        "expected_spend": np.array([8.0, 7.5, np.nan]),
        "lifetime_value": np.array([30.0, 30.0, 1.0]),
        "lifetime_value_lower": np.array([20.0, 10.0, 0.5]),
        "lifetime_value_upper": np.array([np.inf, 50.0, 2.0]),
    }
    first, second, third = top_customers(columns)
    assert [row.customer for row in (first, second, third)] == ["b", "c", "a"]
    assert first.lifetime_value == Estimate(30.0, 20.0, None)
    assert third.mean_spend is third.expected_spend is None
    assert second.expected_spend == Estimate(7.5, None, None)


def test_a_fit_becomes_its_numbers() -> None:
    counts = HistoryCounts.from_arrays(
        [0, 1, 2, 5], [0, 10, 20, 30], [38, 38, 36, 35], unit="week", weights=[60, 20, 10, 10]
    )
    fit = fit_nbd(counts)
    model = fitted_model("NBD", fit, 0.9)
    summary = fit.summary(confidence_level=0.9)
    assert [parameter.name for parameter in model.parameters] == ["r", "alpha"]
    for parameter, (_, row) in zip(model.parameters, summary.iterrows(), strict=True):
        assert parameter.estimate.value == row["estimate"]
        assert parameter.standard_error == row["standard_error"]
        assert parameter.estimate.lower == pytest.approx(row["lower"])
        assert parameter.estimate.upper == pytest.approx(row["upper"])
    assert (model.log_likelihood, model.customers, model.boundary) == (fit.log_likelihood, 100, fit.boundary)


def test_at_a_limit_single_parameters_have_no_error() -> None:
    counts = HistoryCounts.from_arrays([1, 1, 1, 1], [10, 10, 10, 10], [20, 20, 20, 20], unit="week")
    model = fitted_model("NBD", fit_nbd(counts), 0.9)
    assert model.boundary is not None
    assert [parameter.standard_error for parameter in model.parameters] == [None, None]
    assert [parameter.estimate.lower for parameter in model.parameters] == [None, None]


def test_every_row_of_the_coverage_is_told() -> None:
    histories = summarise_transactions(
        load_cdnow_sample(), customer="customer", date="date", amount="amount", end="1998-06-30", unit="week"
    )
    counts = log_counts(histories.coverage())
    assert counts[0].what == "transactions read"
    assert counts[0].count == 6919
    assert len(counts) == len(histories.coverage().rows())
