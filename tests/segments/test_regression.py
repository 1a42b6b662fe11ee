"""What the best do without any action: CDNOW, customers who never change, and an effect that is there."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from customer_centric.errors import InvalidInputError
from customer_centric.segments import regression_to_mean
from customer_centric.typing import FloatArray
from effort import examples

MASTER = Path(__file__).parents[1] / "data" / "CDNOW_master.txt.gz"


@cache
def spend() -> tuple[FloatArray, FloatArray]:
    """Spend of each CDNOW customer until 1997-09-30, and from then to 1998-06-30."""
    log = pd.read_csv(MASTER, sep=r"\s+", names=["id", "date", "n", "paid"], header=0)
    early = log["date"] <= 19970930
    before = log[early].groupby("id")["paid"].sum()
    after = log[~early].groupby("id")["paid"].sum().reindex(before.index, fill_value=0.0)
    return before.to_numpy(), after.to_numpy()


def test_the_top_fifth_of_the_cdnow_master_file() -> None:
    """4,714 of 23,570: 50.5 % stay, 40.1 % buy nothing, the mean falls from 230 to 109, with no action."""
    found = regression_to_mean(*spend(), top_share=0.2)
    assert (found.n_selected, found.n_customers) == (4714, 23570)
    assert found.stayed_share == pytest.approx(0.505, abs=5e-4)
    assert found.inactive_share == pytest.approx(0.401, abs=5e-4)
    assert found.mean_before == pytest.approx(230, abs=0.5)
    assert found.mean_after == pytest.approx(109, abs=0.5)
    # The whole base fades, and the best with it.
    before, after = spend()
    assert (found.base_before, found.base_after) == (before.mean(), after.mean())
    assert np.isnan(found.expected_change)
    assert "give `expected` or `reference`" in str(found.reason)
    assert "50.5% are among the best again" in found._repr_html_()


def test_a_programme_that_does_nothing_is_seen_to_do_nothing() -> None:
    """Two random halves of CDNOW: one says what was to be expected of the other."""
    before, after = spend()
    half = np.random.default_rng(4).random(before.size) < 0.5
    found = regression_to_mean(
        before[half], after[half], top_share=0.2, reference=(before[~half], after[~half])
    )
    assert found.change < -100
    assert found.unexplained_interval is not None
    assert found.unexplained_interval.contains(0.0)
    assert found.expected_interval is not None
    assert found.expected_interval.contains(found.expected_change)
    welch = ttest_ind(
        *(
            (a - b)[b >= np.sort(b)[-round(0.2 * b.size)]]
            for b, a in ((before[half], after[half]), (before[~half], after[~half]))
        ),
        equal_var=False,
    ).confidence_interval()
    assert [found.unexplained_interval.lower, found.unexplained_interval.upper] == pytest.approx(list(welch))


@given(st.lists(st.floats(0, 1e4), min_size=2, max_size=30), st.floats(0.05, 0.95), st.floats(1, 100))
@examples(50)
def test_money_scales_and_customers_who_never_change_stay(
    values: list[float], share: float, factor: float
) -> None:
    x = np.array(values)
    found = regression_to_mean(x, x, top_share=share)
    assert found.change == 0
    assert found.stayed_share == 1 - found.inactive_share
    assert found.n_selected >= max(round(share * x.size), 1)
    assert (x[found.selected] >= found.threshold).all()
    assert (x[~found.selected] < found.threshold).all()
    other = regression_to_mean(factor * x, 0 * x, top_share=share)
    assert other.change == pytest.approx(-factor * found.mean_before)
    assert other.inactive_share == 1


@given(st.lists(st.tuples(*[st.floats(0, 1e3)] * 3), min_size=3, max_size=30), st.floats(0.1, 0.9))
@examples(50)
def test_change_is_what_was_expected_and_the_rest(
    rows: list[tuple[float, float, float]], share: float
) -> None:
    x, y, e = np.array(rows).T
    found = regression_to_mean(x, y, top_share=share, expected=e)
    assert found.expected_change + found.unexplained_change == pytest.approx(found.change, abs=1e-9)
    if found.unexplained_interval is None:
        assert found.reason is not None
    else:
        assert found.unexplained_interval.contains(found.unexplained_change)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"top_share": 1}, "`top_share` must be .* less than 1"),
        ({"after": [1.0]}, "`before` and `after` must be one number a customer"),
        ({"before": [], "after": []}, "for one customer or more"),
        ({"expected": [1.0]}, "`expected` must be one number a customer"),
        ({"expected": [1, 2], "reference": ([1], [1])}, "must not be given together"),
        ({"reference": ([1], [1, 2])}, r"`reference\[0\]` and `reference\[1\]` must be"),
        ({"before": [np.nan, 1]}, "`before` must be a finite number, got nan at position 0"),
    ],
)
def test_refusals(arguments: dict[str, Any], message: str) -> None:
    call: dict[str, Any] = {"before": [1.0, 2], "after": [1.0, 2], "top_share": 0.5} | arguments
    with pytest.raises(InvalidInputError, match=message):
        regression_to_mean(call.pop("before"), call.pop("after"), **call)


def test_one_customer_and_equals_have_no_interval_and_a_reason() -> None:
    one = regression_to_mean([5.0], [1.0], top_share=0.5)
    assert (one.change, one.change_interval) == (-4.0, None)
    assert one.reason == "one customer shows nothing about others"
    assert one.stayed_interval.width > 0.5
    alike = regression_to_mean([5.0, 5, 5], [1.0, 1, 1], top_share=0.5, expected=[2, 2, 2])
    assert alike.n_selected == 3
    assert "all customers are alike" in str(alike.reason)
    same = regression_to_mean([5.0, 5, 5], [1.0, 1, 1], top_share=0.5, reference=([5.0, 5, 1], [2.0, 2, 1]))
    assert same.unexplained_change == -1.0
    assert same.unexplained_interval is None
