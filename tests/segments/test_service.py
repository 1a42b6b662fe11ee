"""Service levels of tiers: the level with the largest return, by trying all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.segments import ServiceLevel, service_levels, value_tiers
from effort import examples

LEVEL = st.builds(ServiceLevel, cost=st.floats(0, 100), uplift=st.floats(-0.1, 0.5))


@given(
    st.lists(st.floats(-100, 5000), min_size=1, max_size=20),
    st.dictionaries(st.sampled_from("abc"), LEVEL, min_size=1),
)
@examples(25)
def test_no_level_returns_more(value: list[float], levels: dict[str, ServiceLevel]) -> None:
    tiers = value_tiers(value, [100, 1000])
    plan = service_levels(tiers, levels)
    for row in plan.to_frame().itertuples():
        members = np.array(value)[tiers.names() == row.tier]
        returns = [sum(level.uplift * members - level.cost) for level in levels.values()]
        assert row.expected_return == pytest.approx(max([0.0, *returns]), abs=1e-6)
    assert plan.total == pytest.approx(plan.table["expected_return"].sum())


def test_intervals_come_from_the_uplift() -> None:
    tiers = value_tiers([100.0, 1000.0, 3000.0], [500])
    levels = {"manager": ServiceLevel(cost=50, uplift=0.1, uplift_standard_error=0.02)}
    row = service_levels(tiers, levels).table.iloc[1]
    assert (row["level"], row["expected_return"], row["cost"], row["pays_from"]) == ("manager", 300, 100, 500)
    assert row["upper"] - row["lower"] == pytest.approx(2 * 1.959963984540054 * 0.02 * 4000)


def test_what_is_not_known_has_a_reason() -> None:
    plan = service_levels(value_tiers([100.0], [5]), {"phone": ServiceLevel(cost=1, uplift=0.1)})
    assert plan.reason is not None
    assert plan.table["lower"].isna().tolist() == [False, True]
    assert str(plan) == "below 5: standard, 5 or more: phone; expected return 9.00"
    assert "<table" in plan._repr_html_()


def test_refusals() -> None:
    tiers = value_tiers([1], [5])
    with pytest.raises(InvalidInputError, match="`levels` must name at least one level beyond 'standard'"):
        service_levels(tiers, {})
    with pytest.raises(InvalidInputError, match="`cost` must be a finite number at least 0, got -1"):
        ServiceLevel(cost=-1, uplift=0)
    with pytest.raises(InvalidInputError, match="`uplift_standard_error` must be a finite number at least 0"):
        ServiceLevel(cost=1, uplift=0, uplift_standard_error=-1)
