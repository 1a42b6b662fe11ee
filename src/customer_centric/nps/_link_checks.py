"""What is wrong with the rows of a lazy survey or log, asked in one aggregate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames import LazyFrame, MemoryFrame
from customer_centric._core.frames.codes import MISSING_ID_REMEDY, MISSING_RULE
from customer_centric._core.frames.days import MISSING_DATE_REMEDY, raise_mixed, refuse_aware
from customer_centric._core.frames.lazy import AnyLazyFrame, flag
from customer_centric._core.frames.memory import AMOUNT_REMEDY, AMOUNT_RULE
from customer_centric._core.frames.problems import (
    DATE_TEXT_REMEDY,
    ISO_RULE,
    OFFSET_REMEDY,
    in_column,
    raise_rows,
)

DATED_RULE: Final = "present wherever there is a rating"
LOST_RULE: Final = "the day of the answer or later"
LOST_REMEDY: Final = "leave out answers that customers gave after they had left"
POSITIVE_RULE: Final = "a finite number greater than 0"
POSITIVE_REMEDY: Final = "leave out gifts and refunds: only prices and quantities above 0 have a logarithm"
# Columns of which the logarithm is taken.
POSITIVE: Final = ("price", "quantity")
# Rows off the scale, and without an answer: counted, and no mistake in themselves.
_COUNTED: Final = ("_off", "_gone")


class RowChecks:
    """What is wrong with the rows of a lazy frame, asked in one aggregate."""

    def __init__(self, frame: LazyFrame[Any], rows: AnyLazyFrame) -> None:
        self._frame = frame
        self._rows = rows
        self._flags: dict[str, nw.Expr] = {}
        self._texts: dict[str, nw.Expr] = {}
        self._values: dict[str, nw.Expr] = {}
        self._named: dict[str, str] = {}

    def add(self, role: str, column: str, **broken: nw.Expr) -> None:
        """Conditions that no row may meet."""
        self._named[role] = in_column(role, column)
        for kind, condition in broken.items():
            self._flags[f"{role}_{kind}"] = flag(condition)

    def add_number(self, role: str, column: str) -> nw.Expr:
        """The number in each row, finite, and greater than 0 where its logarithm is taken."""
        number = nw.col(column).cast(nw.Float64)
        odd = number.is_null() | ~number.is_finite()
        odd = odd | (number <= 0) if role in POSITIVE else odd
        self.add(role, column, odd=odd)
        self._values[role] = nw.when(odd).then(number)
        return number

    def add_dates(self, role: str, column: str) -> nw.Expr:
        """The day of each row."""
        days = self._frame.days(column, role)
        date = nw.col(column)
        missing = {"missing": date.is_null()} if role != "lost" else {}
        if role == "answered":
            missing["missing"] &= nw.col("_answered") == 1
        self.add(role, column, bad=days.is_bad, offset=days.has_offset, **missing)
        self._texts[role] = nw.when(days.is_bad).then(date.cast(nw.String))
        return days.day

    def run(self, *, stay: nw.Expr | None = None) -> tuple[dict[str, int], str]:
        """Counts, and the least rating off the scale; rows that break another rule are refused."""
        extra: dict[str, nw.Expr] = {}
        if stay is not None:
            stay = nw.when(nw.col("_answered") == 1).then(stay)
            extra |= {"early": flag(stay < 0), "stay": stay}
        if "_off" in self._rows.collect_schema():
            extra["off_scale"] = nw.when(nw.col("_off") == 1).then(nw.col("_rating"))
        extra |= {f"{role}_text": text for role, text in self._texts.items()}
        extra |= {f"{role}_value": value for role, value in self._values.items()}
        rows = self._rows.with_columns(**self._flags, **extra)
        sums = [*self._flags, *(name for name in ("early", *_COUNTED) if name in rows.collect_schema())]
        least = [name for name in extra if name != "early"]
        seen = self._frame.collect(
            rows.select(nw.col(*sums).sum(), *(nw.col(name).min() for name in least), n=nw.len())
        )
        found = {name: int(np.nan_to_num(seen.floats(name)[0])) for name in [*sums, "n"]}
        for role, name in self._named.items():
            self._refuse(role, name, found, seen)
        if found.get("early"):
            raise_rows(
                self._named["lost"],
                LOST_RULE,
                value=f"a day {-int(seen.floats('stay')[0])} days before it",
                count=found["early"],
                total=found["n"],
                remedy=LOST_REMEDY,
            )
        off_scale = shown_least(seen, "off_scale") if "off_scale" in least else ""
        return found, off_scale

    def _refuse(self, role: str, name: str, found: Mapping[str, int], seen: MemoryFrame[Any]) -> None:
        n = found["n"]
        is_id = role == "customer"
        raise_rows(
            name,
            DATED_RULE if role == "answered" else MISSING_RULE,
            value="null",
            count=found.get(f"{role}_missing", 0),
            total=n,
            remedy=MISSING_ID_REMEDY if is_id else MISSING_DATE_REMEDY,
        )
        if found.get(f"{role}_bad"):
            raise_rows(
                name,
                ISO_RULE,
                value=repr(seen.value(f"{role}_text")),
                count=found[f"{role}_bad"],
                total=n,
                remedy=DATE_TEXT_REMEDY,
            )
        with_offset = found.get(f"{role}_offset", 0)
        if 0 < with_offset < n:
            raise_mixed(name, ["an offset from UTC", "None"])
        if with_offset:
            refuse_aware(name, "text with an offset from UTC", OFFSET_REMEDY)
        if found.get(f"{role}_odd"):
            rule, remedy = AMOUNT_RULE, AMOUNT_REMEDY
            if role in POSITIVE:
                rule, remedy = POSITIVE_RULE, POSITIVE_REMEDY
            shown = shown_least(seen, f"{role}_value")
            raise_rows(name, rule, value=shown, count=found[f"{role}_odd"], total=n, remedy=remedy)


def shown_least(seen: MemoryFrame[Any], column: str) -> str:
    """The least of the values that break a rule: nulls have none."""
    value = float(seen.floats(column)[0])
    return "null" if np.isnan(value) else f"{value:g}"
