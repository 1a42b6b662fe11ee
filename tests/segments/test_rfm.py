"""RFM scores: the formula in every engine, laws that ties and ids cannot break, names that fit."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn._engines import ENGINES, LAZY, engines, in_engine
from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.segments import RfmThresholds, rfm_scores, rfm_segments
from effort import examples

SCORES = {"time_since_last": "r_score", "frequency": "f_score", "spend": "m_score"}
rows = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 4), st.sampled_from([-3.0, 0.0, 1.5, 2.25, 9.0, 40.0])),
    min_size=1,
    max_size=30,
)


def frame_of(customers: list[tuple[int, int, float]]) -> pd.DataFrame:
    table = pd.DataFrame(customers, columns=list(SCORES))
    return table.astype({"time_since_last": int, "frequency": int, "spend": float}).assign(
        id=np.arange(len(table))
    )


def slow_scores(values: pd.Series[Any], k: int, *, ascending: bool) -> list[int]:
    """The readable form: mid-ranks, and exact fractions."""
    ranks = values.rank(method="average", ascending=ascending)
    half = Fraction(1, 2)
    return [math.ceil(k * (Fraction(rank) - half) / len(values)) for rank in ranks]


def rows_of(frame: Any) -> pd.DataFrame:
    """The rows of any engine as pandas, in the order of ids."""
    if hasattr(frame, "collect"):
        frame = frame.collect()
    table = (
        frame
        if isinstance(frame, pd.DataFrame)
        else (frame.df() if hasattr(frame, "df") else frame.to_pandas())
    )
    return table.sort_values("id", ignore_index=True)


@examples(60)
@given(rows, st.integers(1, 7))
def test_scores_are_those_of_mid_ranks(customers: list[tuple[int, int, float]], k: int) -> None:
    table = frame_of(customers)
    scored = rfm_scores(table, k=k)
    for name, column in SCORES.items():
        expected = slow_scores(table[name], k, ascending=name != "time_since_last")
        assert scored.frame[column].tolist() == expected
        assert scored.customers[name] == tuple(expected.count(score) for score in range(1, k + 1))
        assert scored.occupied[name] == len(set(expected))


@engines
def test_every_engine_gives_the_same(engine: str) -> None:
    rng = np.random.default_rng(2)
    drawn = zip(
        rng.integers(0, 20, 60).tolist(),
        rng.geometric(0.5, 60).tolist(),
        rng.lognormal(1, 1, 60).tolist(),
        strict=True,
    )
    table = frame_of(list(drawn))
    native = in_engine(table, engine)
    scored, expected = rfm_scores(native), rfm_scores(table)
    assert type(scored.frame) is type(native)
    pd.testing.assert_frame_equal(rows_of(scored.frame), expected.frame, check_dtype=False)
    assert scored.thresholds == expected.thresholds
    assert scored.customers == expected.customers
    empty = rfm_scores(in_engine(table[:0], engine))
    assert (len(rows_of(empty.frame)), empty.n_customers, empty.occupied["spend"]) == (0, 0, 0)


@examples(40)
@given(rows, st.randoms(use_true_random=False))
def test_neither_ids_nor_the_order_of_rows_matter(
    customers: list[tuple[int, int, float]], random: Random
) -> None:
    table = frame_of(customers)
    order = sorted(range(len(table)), key=lambda _: random.random())
    found = rfm_scores(table.iloc[order]).frame
    assert found.index.tolist() == order
    pd.testing.assert_frame_equal(found.sort_index(), rfm_scores(table).frame)


@examples(40)
@given(rows)
def test_scores_are_monotone_and_alike_for_those_who_are_alike(
    customers: list[tuple[int, int, float]],
) -> None:
    frame = rfm_scores(frame_of(customers)).frame
    for name, column in SCORES.items():
        by_value = frame.groupby(name)[column].agg(["min", "max"]).sort_index()
        assert (by_value["min"] == by_value["max"]).all()
        scores = by_value["min"].to_numpy()
        assert (np.diff(-scores if name == "time_since_last" else scores) >= 0).all()


@examples(40)
@given(rows, st.integers(1, 6))
def test_thresholds_score_the_same_customers_the_same(
    customers: list[tuple[int, int, float]], k: int
) -> None:
    """Thresholds of one period score the next one on the same scale."""
    table = frame_of(customers)
    scored = rfm_scores(table, k=k)
    again = rfm_scores(table, thresholds=scored.thresholds)
    pd.testing.assert_frame_equal(again.frame, scored.frame)
    one = rfm_scores(table[:1], thresholds=scored.thresholds)
    pd.testing.assert_frame_equal(one.frame, scored.frame[:1])


@engines
def test_absolute_thresholds(engine: str) -> None:
    table = frame_of([(10, 1, 5.0), (30, 2, 100.0), (31, 6, 500.0), (200, 9, 99.9)])
    thresholds = RfmThresholds(time_since_last=(180, 30), frequency=(2, 6), spend=(100, 500))
    found = rfm_scores(in_engine(table, engine), thresholds=thresholds)
    columns = rows_of(found.frame)[list(SCORES.values())]
    assert columns.to_numpy().tolist() == [[3, 1, 1], [3, 2, 2], [2, 3, 3], [1, 3, 1]]
    assert found.k == 3


def test_cdnow_master_where_half_of_the_customers_bought_once() -> None:
    """50.5 % have one transaction: quintiles break, mid-ranks leave one score empty, and say so."""
    path = Path(__file__).parents[1] / "data" / "CDNOW_master.txt.gz"
    log = pd.read_csv(path, sep=r"\s+", names=["id", "date", "cds", "dollars"], header=0)
    by = log.groupby("id")
    last = pd.to_datetime(by["date"].max().astype(str))
    table = pd.DataFrame(
        {
            "time_since_last": (pd.Timestamp("1998-06-30") - last).dt.days,
            "frequency": by.size(),
            "spend": by["dollars"].sum(),
        }
    )
    with pytest.raises(ValueError, match="Bin edges must be unique"):
        pd.qcut(table["frequency"], 5)
    scored = rfm_scores(table)
    once = scored.frame.loc[table["frequency"] == 1, "f_score"]
    assert once.size / len(table) == pytest.approx(0.505, abs=5e-4)
    assert set(once) == {2}
    assert scored.occupied == {"time_since_last": 5, "frequency": 4, "spend": 5}
    assert str(scored) == (
        "23,570 customers; scores that occur: time_since_last 5 of 5, frequency 4 of 5, spend 5 of 5"
    )
    assert scored.to_frame()["customers"].sum() == 3 * len(table)


class TestSegments:
    def test_names_match_their_numbers(self) -> None:
        """The best cell has the best name, the worst the worst, whatever k."""
        for k in (2, 3, 5, 10):
            corners = rfm_segments([k, k, 1, 1], [k, 1, k, 1], k=k).tolist()
            assert corners == ["champions", "recent", "at risk", "dormant"]
            assert rfm_segments(k, k, k, k=k) == "champions"
            assert rfm_segments(1, 1, 1, k=k) == "dormant"

    def test_the_grid_of_five(self) -> None:
        r, f = np.meshgrid([5, 3, 1], [1, 3, 5], indexing="ij")
        assert rfm_segments(r, f).tolist() == [
            ["recent", "active", "champions"],
            ["occasional", "regular", "loyal"],
            ["dormant", "fading", "at risk"],
        ]
        assert rfm_segments([4, 2], [4, 2]).tolist() == ["champions", "dormant"]

    def test_spend_moves_who_buys_seldom(self) -> None:
        assert rfm_segments([5, 5, 5], [1, 1, 5], [1, 5, 5]).tolist() == ["recent", "active", "champions"]

    def test_errors(self) -> None:
        rule = "`f_score` must be a whole number at least 1 and at most 5, got 0 at position 1"
        with pytest.raises(InvalidInputError, match=rule):
            rfm_segments([1, 2], [1, 0])
        with pytest.raises(InvalidInputError, match="lengths must agree or be 1"):
            rfm_segments([1, 2], [1, 2, 3])
        with pytest.raises(InvalidInputError, match="`k` must be a whole number at least 2, got 1"):
            rfm_segments([1], [1], k=1)


@engines
@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("time_since_last", -1.0, "finite numbers of at least 0"),
        ("frequency", -2.0, "finite numbers of at least 0"),
        ("frequency", math.nan, "finite numbers"),
        ("spend", math.inf, "finite numbers"),
        ("spend", -math.inf, "finite numbers"),
    ],
)
def test_refused_values(engine: str, column: str, value: float, rule: str) -> None:
    table = frame_of([(1, 1, 1.0), (2, 2, 2.0)]).astype(dict.fromkeys(SCORES, float))
    table.loc[1, column] = value
    where = "" if engine in LAZY else " at position 1"
    message = rf"`{column}` \(column '{column}'\) must be {rule}.*, got .*{where} \(1 of 2 values\); "
    with pytest.raises(InvalidInputError, match=message):
        rfm_scores(in_engine(table, engine))


def test_refused_arguments() -> None:
    table = frame_of([(1, 1, 1.0)])
    thresholds = RfmThresholds(time_since_last=(9,), frequency=(2,), spend=(3,))
    with pytest.raises(InvalidInputError, match="`k` must be left out where `thresholds` are given"):
        rfm_scores(table, k=2, thresholds=thresholds)
    with pytest.raises(InvalidInputError, match="`k` must be a whole number at least 1, got 0"):
        rfm_scores(table, k=0)
    with pytest.raises(MissingColumnError, match="`spend` must be a column of the frame, got 'money'"):
        rfm_scores(table, spend="money")
    for engine in ENGINES:
        with pytest.raises(InvalidInputError, match="`customers` must have no column 'r_score'"):
            rfm_scores(in_engine(table.assign(r_score=1), engine))
    with pytest.raises(
        InvalidInputError, match=r"`time_since_last` must be never ascending.*got 9 at position 1"
    ):
        RfmThresholds(time_since_last=(3, 9), frequency=(2, 3), spend=(3, 4))
    with pytest.raises(InvalidInputError, match="`frequency` must be never descending"):
        RfmThresholds(time_since_last=(9, 3), frequency=(3, 2), spend=(3, 4))
    with pytest.raises(InvalidInputError, match="must be equally many, got 1, 0 and 1"):
        RfmThresholds(time_since_last=(9,), frequency=(), spend=(3,))
    with pytest.raises(InvalidInputError, match="`spend` must be a number, got nan at position 0"):
        RfmThresholds(time_since_last=(9,), frequency=(1,), spend=(math.nan,))
