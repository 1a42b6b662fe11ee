"""Calendar days as whole numbers: days since 1970-01-01, and how text becomes one.

The grammar of text is explicit and the same in every engine: an ISO 8601 date, `YYYY-MM-DD` or
`YYYYMMDD`, alone or followed by a time of day; an offset (`Z`, `+02:00`) only where the caller says in
which zone days are counted. Text is never compared as text and never guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from customer_centric.errors import InvalidInputError
from customer_centric.typing import BoolArray, IntArray

_EPOCH: Final = date(1970, 1, 1).toordinal()

_MONTH_AND_DAY: Final = (
    r"(?:(?:0[13578]|1[02]){0}(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11){0}(?:0[1-9]|[12][0-9]|30)"
    r"|02{0}(?:0[1-9]|[12][0-9]))"
)
_YEAR: Final = r"(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_DATE: Final = rf"(?:{_YEAR}-{_MONTH_AND_DAY.format('-')}|{_YEAR}{_MONTH_AND_DAY.format('')})"
_TIME: Final = r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"
_OFFSET: Final = r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"

# Plain enough for every engine's regular expressions; 29 February is checked by arithmetic.
ISO_WITHOUT_OFFSET: Final = rf"^{_DATE}(?:{_TIME})?$"
ISO_WITH_OFFSET: Final = rf"^{_DATE}{_TIME}{_OFFSET}$"
_WITHOUT_OFFSET: Final = re.compile(ISO_WITHOUT_OFFSET, re.ASCII)
_WITH_OFFSET: Final = re.compile(ISO_WITH_OFFSET, re.ASCII)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def day_of_number(number: int) -> date:
    """The calendar day that is so many days after 1970-01-01."""
    return date.fromordinal(int(number) + _EPOCH)


def check_day(name: str, value: date | str) -> date:
    """One calendar day from a date, a datetime (its day) or ISO text."""
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise InvalidInputError(
                f"`{name}` must be a calendar day, got {value} with a time zone; pass its date"
            )
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        parsed = parse_texts([value], None)
        if not parsed.bad[0] and not parsed.has_offset[0]:
            return day_of_number(int(parsed.days[0]))
    raise InvalidInputError(f"`{name}` must be a date or ISO text such as 2024-12-31, got {value!r}")


def check_time_zone(time_zone: str | None) -> ZoneInfo | None:
    """The zone of that name."""
    if time_zone is None:
        return None
    try:
        return ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError, TypeError):
        raise InvalidInputError(
            f"`time_zone` must be the name of a time zone such as 'UTC' or 'Europe/Berlin', got {time_zone!r}"
        ) from None


@dataclass(frozen=True, slots=True, eq=False)
class ParsedTexts:
    """What became of texts: day numbers, which are no dates, which carry an offset from UTC."""

    days: IntArray
    bad: BoolArray
    has_offset: BoolArray


def parse_texts(texts: Sequence[object], zone: ZoneInfo | None) -> ParsedTexts:
    """Day numbers of ISO texts; those with an offset are days in `zone` (0 where there is none)."""
    days = np.zeros(len(texts), dtype=np.int64)
    bad = np.zeros(len(texts), dtype=np.bool_)
    has_offset = np.zeros(len(texts), dtype=np.bool_)
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            bad[i] = True
            continue
        has_offset[i] = _WITH_OFFSET.fullmatch(text) is not None
        try:
            if has_offset[i]:
                moment = datetime.fromisoformat(text)
                days[i] = day_number(moment.astimezone(zone).date()) if zone else 0
            elif _WITHOUT_OFFSET.fullmatch(text):
                days[i] = day_number(date.fromisoformat(text[: 10 if text[4] == "-" else 8]))
            else:
                bad[i] = True
        except (ValueError, OverflowError):
            bad[i] = True
    return ParsedTexts(days, bad, has_offset)
