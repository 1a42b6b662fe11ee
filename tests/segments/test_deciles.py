"""Groups by value: what they hold, how sure that is, and ties that belong together."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.segments import abc_classes, decile_table, gini, whale_curve
from customer_centric.typing import FloatArray
from effort import examples

TEN = [500, 300, 200, 100, 50, 0, -20, -30, -100, -200]
money = st.lists(st.integers(-50, 100), min_size=1, max_size=25)


@cache
def cdnow_revenue() -> FloatArray:
    """What each of the 23,570 customers of the CDNOW master file spent in 18 months."""
    path = Path(__file__).parents[1] / "data" / "CDNOW_master.txt.gz"
    rows = pd.read_csv(path, sep=r"\s+", names=["id", "date", "cds", "dollars"], header=0)
    return rows.groupby("id")["dollars"].sum().to_numpy()


class TestCdnowMaster:
    def test_is_not_80_20(self) -> None:
        """Top 20 % of the customers: 67.8 % of the revenue; top 10 %: 50.9 %."""
        fifths, tenths = (decile_table(cdnow_revenue(), n_groups=k).table for k in (5, 10))
        assert fifths["share_of_total"][0] == pytest.approx(0.678, abs=5e-4)
        assert tenths["share_of_total"][0] == pytest.approx(0.509, abs=5e-4)
        assert fifths["upper"][0] - fifths["lower"][0] < 0.03
        curve = whale_curve(cdnow_revenue())
        assert curve.share_of_profit(0.2) == pytest.approx(0.678, abs=5e-4)

    def test_80_percent_are_held_by_a_third(self) -> None:
        table = abc_classes(cdnow_revenue()).table
        assert table["customers"].sum() == 23_570
        assert 0.30 < table["share_of_customers"][0] < 0.36
        assert gini(cdnow_revenue()).coefficient > 0.6


@examples(100)
@given(money, st.integers(1, 12), st.sampled_from(["count", "value"]), st.randoms(use_true_random=False))
def test_groups_are_a_division_of_the_customers(value: list[int], k: int, equal: str, random: Random) -> None:
    """Nobody is lost or counted twice, groups descend, and the order of the customers is no matter."""
    frame = decile_table(value, n_groups=k, equal=equal).table  # type: ignore[arg-type]
    assert frame["customers"].sum() == len(value)
    assert frame["total"].sum() == sum(value)
    there = frame[frame["customers"] > 0]
    assert (there["highest"].to_numpy()[1:] <= there["lowest"].to_numpy()[:-1]).all()
    np.testing.assert_allclose(there["mean"] * there["customers"], there["total"], atol=1e-9)
    if equal == "count":
        assert np.ptp(frame["customers"]) <= 1
        assert len(frame) == min(k, len(value))
    other = sorted(value, key=lambda _: random.random())
    pd.testing.assert_frame_equal(frame, decile_table(other, n_groups=k, equal=equal).table)  # type: ignore[arg-type]


@pytest.mark.parametrize("equal", ["count", "value"])
def test_intervals_hold_about_as_often_as_they_say(equal: str) -> None:
    """Exponential values: of the share p, the top holds p (1 - ln p)."""
    rng = np.random.default_rng(6)
    hits = []
    for _ in range(300):
        first = decile_table(rng.exponential(1.0, 200), n_groups=2, equal=equal).table.iloc[0]  # type: ignore[arg-type]
        true = 0.5 * (1 + math.log(2)) if equal == "count" else 0.186682  # p (1 - ln p) = 1/2
        hits.append(first["lower"] <= true <= first["upper"])
    assert 0.9 <= np.mean(hits) <= 0.985


class TestDecileTable:
    def test_of_equal_value(self) -> None:
        frame = decile_table([40, 30, 10, 10, 10, 0, -5], n_groups=2, equal="value").table
        assert frame["customers"].tolist() == [1, 4, 2]
        assert frame["total"].tolist() == [40.0, 60.0, -5.0]

    def test_fewer_customers_than_groups(self) -> None:
        table = decile_table([3.0, 1.0])
        assert table.table["customers"].tolist() == [1, 1]
        assert table.reason == "2 customers make no more than 2 groups"
        assert str(table) == f"2 customers in 2 groups of equally many customers ({table.reason})"

    @pytest.mark.parametrize("value", [[5.0], [5.0] * 30])
    def test_one_and_all_alike_have_no_interval(self, value: list[float]) -> None:
        for equal in ("count", "value"):
            table = decile_table(value, n_groups=3, equal=equal)
            assert table.reason
            assert not (table.table["upper"] == table.table["lower"]).any()
        assert decile_table([5.0] * 30, n_groups=3).table["lower"].isna().all()

    def test_a_total_of_0(self) -> None:
        table = decile_table([1.0, -1.0], n_groups=2)
        assert table.table["share_of_total"].isna().all()
        assert table.table["total"].tolist() == [1.0, -1.0]
        assert "the total is not greater than 0" in table._repr_html_()
        assert decile_table([-1.0, -2.0], n_groups=2, equal="value").to_frame()["customers"].tolist() == [
            0,
            0,
            2,
        ]

    def test_errors(self) -> None:
        with pytest.raises(InvalidInputError, match="`n_groups` must be a whole number at least 1, got 0"):
            decile_table(TEN, n_groups=0)
        with pytest.raises(InvalidInputError, match="`equal` must be one of 'count', 'value', got 'size'"):
            decile_table(TEN, equal="size")  # type: ignore[arg-type]
        with pytest.raises(InvalidInputError, match="`value` must have at least one customer"):
            decile_table([])


class TestAbcClasses:
    def test_by_hand(self) -> None:
        found = abc_classes(TEN)
        assert found.classes.tolist() == ["A", "A", "A", "B", "C"] + ["none"] * 5
        assert found.to_frame()["threshold"].tolist() == [200.0, 100.0, 50.0, -200.0]
        assert found.table["share_of_positive"][:3].sum() == pytest.approx(1.0)
        assert str(found).startswith("10 customers: A 3 with 87.0 %, B 1 with 8.7 %, C 1 with 4.3 %")
        assert "<p>" in found._repr_html_()

    @examples(60)
    @given(money)
    def test_classes_descend_and_equal_customers_share_one(self, profit: list[int]) -> None:
        found = abc_classes(profit)
        table = dict(zip(profit, found.classes.tolist(), strict=True))
        assert [table[p] for p in profit] == found.classes.tolist()
        names = [table[p] for p in sorted(table, reverse=True)]
        assert names == sorted(names)
        assert found.table["customers"].sum() == len(profit)
        assert found.table["total"].sum() == pytest.approx(sum(profit))
        if max(profit) > 0:
            assert found.table["share_of_positive"][0] >= 0.8 - 1e-12

    def test_nobody_earns(self) -> None:
        found = abc_classes([-1.0, 0.0])
        assert found.classes.tolist() == ["none", "none"]
        assert found.table["share_of_positive"][:3].isna().all()

    def test_errors(self) -> None:
        with pytest.raises(InvalidInputError, match="`cuts` must be two shares, where A and B end"):
            abc_classes(TEN, cuts=(0.8,))
        with pytest.raises(InvalidInputError, match=r"`cuts` must be ascending, got 0.8 at position 1"):
            abc_classes(TEN, cuts=(0.9, 0.8))
        with pytest.raises(InvalidInputError, match="`cuts` must be a finite number greater than 0"):
            abc_classes(TEN, cuts=(80, 95))
