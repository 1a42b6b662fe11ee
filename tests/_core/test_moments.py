"""Columns of datetimes as whole ticks of a clock."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from customer_centric import InvalidInputError
from customer_centric._core.frames.moments import Clock, encode_moments


def test_ticks_become_the_moments_they_came_from() -> None:
    """Moments of a zone come back in UTC, others as they were."""
    local = pd.Series(pd.to_datetime(["2026-10-25 00:30", "2026-10-25 05:00"]), name="at")
    for given, expected in ((local, local), (local.dt.tz_localize("Europe/Berlin"), None)):
        ticks, clock = encode_moments(nw.from_native(given, series_only=True), engine="pandas", role="when")
        back = clock.moments(ticks)
        wanted = given.dt.tz_convert("UTC") if expected is None else expected
        assert list(back) == list(wanted)
    # Summer time ends in between: four and a half hours on the clock are five and a half.
    assert np.diff(ticks)[0] == 5.5 * 3600 * clock.ticks_per_second
    assert Clock(1_000, is_utc=False).moment(1_500) == np.datetime64("1970-01-01T00:00:01.500")


def test_missing_moments_are_named() -> None:
    """Position and count, as for every column."""
    given = nw.from_native(pd.Series([pd.Timestamp("2026-01-01"), pd.NaT], name="at"), series_only=True)
    with pytest.raises(InvalidInputError, match=r"`when` \(column 'at'\) must be present.*position 1"):
        encode_moments(given, engine="pandas", role="when")
