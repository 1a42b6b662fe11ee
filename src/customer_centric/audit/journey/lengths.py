"""Lengths of time as people write them: 30min, 24h, 7d."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

__all__: list[str] = []

_SECONDS: Final = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
_LONGEST: Final = 36_525 * 86_400  # a century


def length_of(text: str) -> timedelta | None:
    """The length that a text means; None where it means none."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?) ?(d|h|min|s)", text)
    if found is None:
        return None
    seconds = float(found[1]) * _SECONDS[found[2]]
    return timedelta(seconds=seconds) if 0 < seconds <= _LONGEST else None


def length_text(length: timedelta) -> str:
    """In the largest unit of which it is a whole number: 24h is 1d, 90 minutes are 90min."""
    seconds = length.total_seconds()
    for unit, size in _SECONDS.items():
        if seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.6f}".rstrip("0") + "s"
