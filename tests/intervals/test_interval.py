"""An interval has two bounds in order, and the coverage they are meant to have."""

from __future__ import annotations

import math

import pytest

from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval


def test_interval_holds_its_bounds_and_knows_its_width() -> None:
    interval = Interval(2.0, 5.0, 0.9)
    assert [interval.contains(value) for value in (1.9, 2.0, 5.0, 5.1, math.nan)] == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert interval.width == 3.0
    assert Interval(math.inf, math.inf, 0.9).width == 0.0
    assert Interval(-math.inf, math.inf, 0.9).width == math.inf


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ((2.0, 1.0, 0.9), "`lower` must be at most `upper`, got 2 and 1"),
        ((math.nan, 1.0, 0.9), "`lower` must be a number, got nan"),
        ((0.0, math.nan, 0.9), "`upper` must be a number, got nan"),
        ((0.0, 1.0, 95), "`confidence_level` must be .*, got 95; 95 % is written 0.95"),
    ],
)
def test_interval_refuses(bounds: tuple[float, float, float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Interval(*bounds)
