"""Surveys beside what customers did: rows as queries that every engine runs, small results in memory.

Frames in memory are checked row by row and become codes and day numbers; lazy frames become expressions
and are checked by one aggregate. From there on both are the same queries of plain group sums and joins by
customer, and only numbers by class leave them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.checks import check_number
from customer_centric._core.frames import LazyFrame, MemoryFrame, check_columns, engine_of, is_lazy
from customer_centric._core.frames.codes import Codes, as_series
from customer_centric._core.frames.lazy import AnyLazyFrame, flag, floor_divide
from customer_centric._core.words import counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, mover_interval
from customer_centric.nps._tables import table_like
from customer_centric.typing import FloatArray, FrameT, IntArray
from customer_centric.units import Horizon, horizon_in_unit

CLASSES: Final = ("detractor", "passive", "promoter")
DETRACTOR, PASSIVE, PROMOTER = range(3)

AnyFrame: TypeAlias = "MemoryFrame[FrameT] | LazyFrame[FrameT]"


@dataclass(frozen=True, slots=True, eq=False)
class Answers(Generic[FrameT]):
    """Answers of a survey as a query.

    Parameters
    ----------
    frame : MemoryFrame or LazyFrame
        Where they come from.
    rows : narwhals.LazyFrame
        One row an answer: `customer`, `cls` (0 detractor, 1 passive, 2 promoter), and where they were asked
        for `day`, and `lost` (NEVER for customers who are still there).
    codes : Codes or None
        Ids behind the codes of `customer`, for a frame in memory.
    n, n_missing, n_invalid : int
        Rows with an answer, without one, and with one off the scale.
    """

    frame: AnyFrame[FrameT]
    rows: AnyLazyFrame
    codes: Codes | None
    n: int
    n_missing: int
    n_invalid: int


def open_frames(
    **frames: tuple[FrameT, Mapping[str, str | None]],
) -> list[AnyFrame[FrameT]]:
    """Frames of one engine, each of which has the columns that its arguments name."""
    opened: list[AnyFrame[FrameT]] = []
    first: tuple[str, str] | None = None
    for name, (native, columns) in frames.items():
        engine = engine_of(name, native)
        if first is not None and engine != first[1]:
            raise InvalidInputError(
                f"`{name}` must be a frame of the same engine as `{first[0]}`, which is of {first[1]}, got "
                f"one of {engine}; convert one of them"
            )
        first = first or (name, engine)
        frame = LazyFrame(native, engine) if is_lazy(engine) else MemoryFrame(native, engine)
        check_columns(frame.columns, dict(columns))
        opened.append(frame)
    return opened


def collect(frame: AnyFrame[FrameT], query: AnyLazyFrame) -> dict[str, FloatArray]:
    """The columns of a small result as float64; NaN where a value is missing."""
    if isinstance(frame, LazyFrame):
        return frame.collect_arrays(query)
    rows = query.collect()
    return {name: np.asarray(rows[name].to_numpy(), dtype=np.float64) for name in rows.columns}


def total(frame: AnyFrame[FrameT], rows: AnyLazyFrame, **conditions: nw.Expr) -> dict[str, int]:
    """Rows (`n`), and those that meet each condition."""
    flags = {name: flag(condition) for name, condition in conditions.items()}
    told_apart = rows.with_columns(**flags) if flags else rows
    found = collect(frame, told_apart.select(*(nw.col(name).sum() for name in conditions), n=nw.len()))
    # A sum of no rows is missing in some engines.
    return {name: int(np.nan_to_num(values[0])) for name, values in found.items()}


def by_class(
    frame: AnyFrame[FrameT], rows: AnyLazyFrame, *sums: str, least: str | None = None
) -> dict[str, FloatArray]:
    """Sums by class, the number of rows `n`, and the least and most of a column, for all three classes."""
    ends: list[nw.Expr] = []
    if least is not None:
        ends = [nw.col(least).min().alias("least"), nw.col(least).max().alias("most")]
    told = rows.group_by("cls").agg(*(nw.col(name).sum() for name in sums), *ends, n=nw.len())
    found = collect(frame, told)
    place = np.rint(found.pop("cls")).astype(np.intp)
    columns: dict[str, FloatArray] = {}
    for name, values in found.items():
        columns[name] = np.zeros(len(CLASSES))
        columns[name][place] = values
    return columns


def of_class(values: Sequence[float] | FloatArray) -> nw.Expr:
    """The value of the class of each row."""
    expression = nw.lit(float(values[0]))
    for place in (1, 2):
        expression = nw.when(nw.col("cls") == place).then(nw.lit(float(values[place]))).otherwise(expression)
    return expression


@dataclass(frozen=True, slots=True, eq=False)
class FirstAnswers:
    """The first answer of each customer, as a query, and what was left out for it.

    Parameters
    ----------
    rows : narwhals.LazyFrame
        `customer`, `cls`, `day`, and `lost` where the answers have it.
    n, n_repeated, n_after_end : int
        Customers, later answers of the same customers, and answers after the end.
    """

    rows: AnyLazyFrame
    n: int
    n_repeated: int
    n_after_end: int


def first_answers(answers: Answers[FrameT], *, last_day: int | None = None) -> FirstAnswers:
    """The first answer of each customer, given by the last day."""
    rows = answers.rows
    if last_day is not None:
        rows = rows.filter(nw.col("day") <= last_day)
    has_loss = "lost" in rows.collect_schema()
    losses = [nw.col("lost").min(), nw.col("lost").max().alias("lost_last")] if has_loss else []
    # Day and class in one number: the least is the first day and the lowest class on it, or the highest.
    day, cls = nw.col("day") * 3, nw.col("cls")
    told = rows.with_columns(low=day + cls, high=day + 2 - cls)
    one = told.group_by("customer").agg(nw.col("low").min(), nw.col("high").min(), *losses, n=nw.len())
    firsts = one.with_columns(day=floor_divide(nw.col("low"), 3)).with_columns(
        cls=nw.col("low") - nw.col("day") * 3,
        torn=flag(nw.col("low") + nw.col("high") - nw.col("day") * 6 != 2),
        twice_lost=flag(nw.col("lost") < nw.col("lost_last")) if has_loss else nw.lit(0),
    )
    sums = firsts.select(nw.col("torn", "twice_lost").sum(), answers=nw.col("n").sum(), n=nw.len())
    found = {name: int(np.nan_to_num(values[0])) for name, values in collect(answers.frame, sums).items()}
    _refuse_torn(found)
    kept = firsts.select("customer", "cls", "day", *(["lost"] if has_loss else []))
    n = found["answers"]
    return FirstAnswers(kept, found["n"], n - found["n"], answers.n - n)


def _refuse_torn(found: Mapping[str, int]) -> None:
    if found["torn"]:
        raise InvalidInputError(
            f"`rating` must be of one class where a customer answers twice on the first day, got "
            f"{found['torn']} of {found['n']} customers with two; keep the answer that counts"
        )
    if found["twice_lost"]:
        raise InvalidInputError(
            f"`lost` must be one date a customer, got more than one for {found['twice_lost']} of "
            f"{found['n']} customers; keep the date that counts in all rows of a customer"
        )


def refuse_nobody(n: int, why: str) -> None:
    """Refuse to describe nobody."""
    if not n:
        raise InvalidInputError(f"`survey` must have at least one answer {why}, got none")


def check_horizon_days(horizon: float | Horizon, *, minimum: float = 0.0) -> float:
    """A finite number of days, greater than 0 or at least the minimum."""
    days = horizon_in_unit(horizon, "day")
    return check_number(
        "horizon",
        days,
        minimum=minimum,
        open_minimum=minimum == 0.0,
        remedy="it is a number of days, or Horizon(6, 'month')",
    )


def gap_of(by_class: FloatArray, confidence_level: float) -> tuple[float, Interval]:
    """Promoters less detractors, from a row of estimate and bounds a class.

    The widest bounds that the parts allow where one has no estimate, or no limit.
    """
    (high, high_lower, high_upper), (low, low_lower, low_upper) = by_class[[PROMOTER, DETRACTOR]].tolist()
    bounds = high_lower - low_upper, high_upper - low_lower
    parts = by_class[[PROMOTER, DETRACTOR]]
    if np.isfinite(parts).all():
        # Of the order of 1, so that no square overflows.
        scale = float(np.abs(parts).max()) or 1.0
        lower, upper = mover_interval(*(parts / scale).T)
        bounds = scale * float(lower), scale * float(upper)
    return high - low, Interval(*bounds, confidence_level)


def ratio_of(by_class: FloatArray, confidence_level: float) -> tuple[float, Interval]:
    """Promoters over detractors, from a row of estimate and bounds a class (MOVER of the logarithms)."""
    (high, high_lower, high_upper), (low, low_lower, low_upper) = np.maximum(
        by_class[[PROMOTER, DETRACTOR]], [-1.0, 0.0, 0.0]
    ).tolist()
    if not (high > 0 and low > 0):
        # The widest bounds that the parts allow.
        lower = high_lower / low_upper if low_upper > 0 else 0.0
        upper = high_upper / low_lower if low_lower > 0 else np.inf
        ratio = 0.0 if high == 0 and low > 0 else np.nan
        return ratio, Interval(float(np.nan_to_num(lower)), float(upper), confidence_level)
    with np.errstate(divide="ignore"):
        parts = np.log([high, high_lower, high_upper, low, low_lower, low_upper])
    below = np.hypot(parts[0] - parts[1], parts[5] - parts[3])
    above = np.hypot(parts[2] - parts[0], parts[3] - parts[4])
    ratio = high / low
    with np.errstate(over="ignore"):
        return ratio, Interval(float(ratio * np.exp(-below)), float(ratio * np.exp(above)), confidence_level)


def known(value: float, pattern: str, unit: str = "") -> str:
    """A number in words, also where there is none."""
    return "not known" if math.isnan(value) else f"{value:{pattern}}{unit}"


def sample_words(n: int, reason: str | None) -> str:
    """Whom a difference between classes rests on, and what it lacks."""
    words = f"{counted(n, 'customer')}; an association among those who answered"
    return words if reason is None else f"{words}; {reason}"


def class_frame(frame: AnyFrame[FrameT], columns: Mapping[str, FloatArray | IntArray]) -> FrameT:
    """One row a class as a frame of the same kind; whole numbers stay whole, what is not known is missing."""
    return table_like(frame, {"nps_class": list(CLASSES), **columns})


def match_codes(codes: Codes, survey: Codes) -> NDArray[np.int64]:
    """The code that each row's id has in the survey; -1 for customers who did not answer."""
    import pandas as pd

    def ids(of: Codes) -> pd.Index[Any]:
        series = as_series(of.labels(np.arange(of.size)))
        if isinstance(series.dtype, nw.Categorical | nw.Enum):
            series = series.cast(nw.String)
        return pd.Index(series.to_numpy() if series.dtype.is_integer() else series.to_list())

    if codes.size == 0 or survey.size == 0:
        return np.full(codes.codes.shape, -1, dtype=np.int64)
    known, asked = ids(survey), ids(codes)
    if (known.inferred_type == "string") != (asked.inferred_type == "string"):
        raise _different_ids(asked.inferred_type, known.inferred_type)
    place = known.get_indexer(asked).astype(np.int64)
    return np.asarray(place[codes.codes])


def _different_ids(got: object, known: object) -> InvalidInputError:
    return InvalidInputError(
        f"`customer` must be of the same type in both frames, got {got} beside {known}; cast one of them"
    )


def check_same_ids(frame: LazyFrame[Any], survey: LazyFrame[Any], customer: str) -> None:
    """Refuse ids that can never be equal."""
    types = [one.schema[customer] for one in (frame, survey)]
    if types[0].is_integer() != types[1].is_integer():
        raise _different_ids(types[0], types[1])
