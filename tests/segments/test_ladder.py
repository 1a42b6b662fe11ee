"""The highest behaviour seen: ranks, in the order that was given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_centric.errors import InvalidInputError
from customer_centric.segments import loyalty_ladder
from effort import examples

NAMES = ("grows", "endorses", "resists", "pays more")


@given(st.lists(st.tuples(*[st.booleans()] * 4), min_size=1, max_size=30))
@examples(50)
def test_the_rung_is_the_highest_that_was_seen(rows: list[tuple[bool, ...]]) -> None:
    """By looking at each customer; in the manner of Narayandas (2005), with names of one's own."""
    table = np.array(rows)
    found = loyalty_ladder({name: table[:, i] for i, name in enumerate(NAMES)})
    assert found.rung.tolist() == [max((i for i, seen in enumerate(row) if seen), default=-1) for row in rows]
    frame = found.to_frame()
    assert frame["rung"].tolist() == [*NAMES[::-1], "none"]
    assert frame["customers"].sum() == len(rows)
    assert frame["at_least"].iloc[-1] == len(rows)
    assert frame["observed"].tolist()[:-1] == table.sum(axis=0)[::-1].tolist()
    assert (frame["lower"] <= frame["share"]).all()
    assert (frame["share"] <= frame["upper"]).all()
    doubled = loyalty_ladder({name: np.repeat(table[:, i], 2).astype(int) for i, name in enumerate(NAMES)})
    np.testing.assert_allclose(doubled.to_frame()["share"], frame["share"])


def test_it_reads_in_words() -> None:
    found = loyalty_ladder({"buys again": [1, 1], "recommends": [0, 1]})
    assert "2 customers, 1 of them on the highest rung, recommends" in found._repr_html_()


@pytest.mark.parametrize(
    ("behaviours", "message"),
    [
        ({}, "`behaviours` must name at least one behaviour"),
        ({"a": [1, 0], "b": [1]}, "`behaviours` must have one value a customer each"),
        ({"a": []}, "for one customer or more"),
        ({"a": [1, 2]}, r"`behaviours\['a'\]` must be 0 or 1, got 2 at position 1"),
        ({"a": [1, np.nan]}, "must be a finite number, got nan"),
    ],
)
def test_refusals(behaviours: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        loyalty_ladder(behaviours)
