"""Reading surveys and logs: every value checked, then the same columns of every engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from customer_centric._core.checks import check_choice
from customer_centric._core.frames import LazyFrame, MemoryFrame, check_time_zone
from customer_centric._core.frames.codes import (
    AnySeries,
    Codes,
    as_series,
)
from customer_centric._core.frames.days import (
    MISSING_DATE_REMEDY,
)
from customer_centric._core.frames.lazy import AnyLazyFrame, flag
from customer_centric._core.frames.problems import (
    in_column,
    raise_rows,
    raise_where,
    wrong_type,
)
from customer_centric._core.ratings import OFF_SCALE_REMEDY, Invalid, check_ratings
from customer_centric.errors import InvalidInputError
from customer_centric.nps._link import (
    Answers,
    AnyFrame,
    check_same_ids,
    collect,
    match_codes,
    total,
)
from customer_centric.nps._link_checks import (
    DATED_RULE,
    LOST_REMEDY,
    LOST_RULE,
    POSITIVE,
    POSITIVE_REMEDY,
    POSITIVE_RULE,
    RowChecks,
)
from customer_centric.nps.scale import RatingScale, check_scale
from customer_centric.typing import BoolArray, FloatArray, FrameT, IntArray

# The day of a loss that has not happened: after every calendar day there is.
NEVER: Final = 2**40


@dataclass(frozen=True, slots=True)
class SurveyColumns:
    """The columns of a survey, and how its answers are read."""

    customer: str
    rating: str
    scale: RatingScale
    invalid: Invalid
    answered: str | None = None
    lost: str | None = None
    time_zone: str | None = None


def answers_of(frame: AnyFrame[FrameT], columns: SurveyColumns) -> Answers[FrameT]:
    """The rows with an answer; bad data are refused."""
    check_time_zone(columns.time_zone)
    check_scale(columns.scale)
    check_choice("invalid", columns.invalid, ("raise", "missing"))
    if isinstance(frame, LazyFrame):
        return _answers_lazy(frame, columns)
    return _answers_in_memory(frame, columns)


def _answers_in_memory(frame: MemoryFrame[FrameT], columns: SurveyColumns) -> Answers[FrameT]:
    ids = frame.ids(columns.customer, "customer")
    ratings, n_invalid = _ratings(frame, columns)
    answered = ~np.isnan(ratings)
    arrays: dict[str, NDArray[Any]] = {"customer": ids.codes.astype(np.int64)}
    arrays["cls"] = columns.scale.net_values(np.where(answered, ratings, columns.scale.minimum)) + 1.0
    arrays["cls"] = arrays["cls"].astype(np.int64)
    if columns.answered is not None:
        days, missing = _known_days(frame, columns.answered, "answered", columns.time_zone)
        _refuse_missing_day(columns.answered, missing & answered)
        arrays["day"] = days
    if columns.lost is not None:
        days, missing = _known_days(frame, columns.lost, "lost", columns.time_zone)
        arrays["lost"] = np.where(missing, NEVER, days)
        _refuse_early_loss(columns.lost, np.where(answered, arrays["lost"] - arrays["day"], 0))
    rows = _memory_rows({name: values[answered] for name, values in arrays.items()})
    n = int(answered.sum())
    return Answers(frame, rows, ids, n, answered.size - n - n_invalid, n_invalid)


def _memory_rows(arrays: Mapping[str, NDArray[Any]]) -> AnyLazyFrame:
    import pandas as pd

    rows: AnyLazyFrame = nw.from_native(pd.DataFrame(dict(arrays))).lazy()
    return rows


def _ratings(frame: MemoryFrame[Any], columns: SurveyColumns) -> tuple[FloatArray, int]:
    series = frame.series(columns.rating)
    name = in_column("rating", columns.rating)
    raw: NDArray[Any]
    if series.dtype.is_numeric():
        raw = series.cast(nw.Float64).to_numpy()
    elif isinstance(series.dtype, nw.Object | nw.Unknown):
        raw = np.empty(len(series), dtype=object)
        raw[:] = series.to_list()
    else:
        raise wrong_type(name, "whole numbers", series.dtype, "convert it first")
    scale = columns.scale
    try:
        checked = check_ratings(
            "rating", raw, minimum=scale.minimum, maximum=scale.maximum, invalid=columns.invalid
        )
    except InvalidInputError as error:
        raise InvalidInputError(str(error).replace("`rating`", name, 1)) from None
    return checked.values, checked.n_invalid


def _known_days(
    frame: MemoryFrame[Any], column: str, role: str, time_zone: str | None
) -> tuple[IntArray, BoolArray]:
    """Days of a column of dates, and where there is none."""
    return frame.optional_days(column, role, _zone(frame.series(column), time_zone))


def _zone(series: AnySeries, time_zone: str | None) -> str | None:
    """The zone, where the column has moments that it can move: calendar days have none."""
    dtype = series.dtype
    is_plain = isinstance(dtype, nw.Date) or (isinstance(dtype, nw.Datetime) and dtype.time_zone is None)
    return None if is_plain else time_zone


def _refuse_missing_day(column: str, bad: BoolArray) -> None:
    raise_where(in_column("answered", column), DATED_RULE, bad, "null", remedy=MISSING_DATE_REMEDY)


def _refuse_early_loss(column: str, stay: IntArray) -> None:
    if stay.size and stay.min() < 0:
        early = np.flatnonzero(stay < 0)
        raise_rows(
            in_column("lost", column),
            LOST_RULE,
            value=f"a day {-int(stay[early[0]])} days before it",
            count=early.size,
            total=stay.size,
            position=int(early[0]),
            remedy=LOST_REMEDY,
        )


def _answers_lazy(frame: LazyFrame[FrameT], columns: SurveyColumns) -> Answers[FrameT]:
    frame.check_ids(columns.customer, "customer")
    if not frame.schema[columns.rating].is_numeric():
        raise wrong_type(
            in_column("rating", columns.rating),
            "whole numbers",
            frame.schema[columns.rating],
            "convert it first",
        )
    local = _localised(frame, {"answered": columns.answered, "lost": columns.lost}, columns.time_zone)
    rating = nw.col(columns.rating).cast(nw.Float64)
    rows = local.frame.with_columns(_rating=nw.when(~rating.is_nan()).then(rating))
    rows = rows.with_columns(
        _off=_is_off(nw.col("_rating"), columns.scale), _gone=flag(nw.col("_rating").is_null())
    )
    is_answer = (nw.col("_gone") == 0) & (nw.col("_off") == 0)
    rows = rows.with_columns(_answered=flag(is_answer))
    selected = {"customer": _id(frame, columns.customer)}
    checks = RowChecks(local, rows)
    checks.add("customer", columns.customer, missing=nw.col(columns.customer).is_null())
    selected["cls"] = (
        flag(nw.col("_rating") >= columns.scale.promoter_min)
        - flag(nw.col("_rating") <= columns.scale.detractor_max)
        + 1
    )
    for role, column in (("answered", columns.answered), ("lost", columns.lost)):
        if role == "lost" and column is not None and isinstance(frame.schema[column], nw.Unknown):
            # A column of nulls alone has no type: nobody was lost.
            selected[role] = nw.lit(NEVER)
        elif column is not None:
            days = checks.add_dates(role, column)
            if role == "answered":
                selected["day"] = days
            else:
                selected[role] = nw.when(~nw.col(column).is_null()).then(days).otherwise(nw.lit(NEVER))
    found, off_scale = checks.run(
        stay=(selected["lost"] - selected["day"]) if columns.lost is not None else None
    )
    if found["_off"] and columns.invalid == "raise":
        _refuse_off_scale(columns, found, off_scale)
    answers = rows.filter(nw.col("_answered") == 1).select(**selected)
    n = found["n"] - found["_gone"] - found["_off"]
    return Answers(frame, answers, None, n, found["_gone"], found["_off"])


def _is_off(rating: nw.Expr, scale: RatingScale) -> nw.Expr:
    return flag((rating < scale.minimum) | (rating > scale.maximum) | (rating != rating.floor()))


def _refuse_off_scale(columns: SurveyColumns, found: Mapping[str, int], value: str) -> None:
    raise_rows(
        in_column("rating", columns.rating),
        f"whole numbers from {columns.scale.minimum} to {columns.scale.maximum}",
        value=value,
        count=found["_off"],
        total=found["n"],
        remedy=OFF_SCALE_REMEDY,
    )


def _id(frame: LazyFrame[Any], column: str) -> nw.Expr:
    """Ids that can be joined: categories of two frames differ in their codes, texts do not."""
    is_text = not frame.schema[column].is_integer()
    return nw.col(column).cast(nw.String) if is_text else nw.col(column)


def _localised(
    frame: LazyFrame[FrameT], dates: Mapping[str, str | None], time_zone: str | None
) -> LazyFrame[FrameT]:
    """Moments with a zone as the clocks of that zone show them."""
    for role, column in dates.items():
        dtype = None if column is None else frame.schema[column]
        if column is not None and isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
            frame = frame.in_zone(column, role, time_zone)
    return frame


def log_rows(
    frame: AnyFrame[FrameT],
    answers: Answers[FrameT],
    *,
    customer: str,
    date: str | None = None,
    item: str | None = None,
    numbers: Mapping[str, str | None],
    time_zone: str | None = None,
) -> AnyLazyFrame:
    """Rows of the log as a query: `customer` as in the answers, `when`, `item`, and the numbers by role.

    `price` and `quantity` must be greater than 0.
    """
    wanted = {role: column for role, column in numbers.items() if column is not None}
    if isinstance(frame, LazyFrame):
        return _log_lazy(frame, answers, customer, date, item, wanted, time_zone)
    ids = frame.ids(customer, "customer")
    codes = ids.codes.astype(np.int64) if answers.codes is None else match_codes(ids, answers.codes)
    arrays: dict[str, NDArray[Any]] = {"customer": codes}
    if date is not None:
        zone = _zone(frame.series(date), time_zone)
        arrays["when"] = frame.days(date, "date", zone)
    if item is not None:
        arrays["item"] = frame.ids(item, "item").codes.astype(np.int64)
    for role, column in wanted.items():
        arrays[role] = frame.amounts(column, role)
        if role in POSITIVE:
            _refuse_not_positive(role, column, arrays[role])
    return _memory_rows(arrays)


def _refuse_not_positive(role: str, column: str, values: FloatArray) -> None:
    raise_where(in_column(role, column), POSITIVE_RULE, values <= 0, values, remedy=POSITIVE_REMEDY)


def _log_lazy(
    frame: LazyFrame[FrameT],
    answers: Answers[FrameT],
    customer: str,
    date: str | None,
    item: str | None,
    numbers: Mapping[str, str],
    time_zone: str | None,
) -> AnyLazyFrame:
    frame.check_ids(customer, "customer")
    if isinstance(answers.frame, LazyFrame):
        check_same_ids(frame, answers.frame, customer)
    local = _localised(frame, {"date": date}, time_zone)
    checks = RowChecks(local, local.frame)
    checks.add("customer", customer, missing=nw.col(customer).is_null())
    selected = {"customer": _id(frame, customer)}
    if date is not None:
        selected["when"] = checks.add_dates("date", date)
    if item is not None:
        frame.check_ids(item, "item")
        checks.add("item", item, missing=nw.col(item).is_null())
        selected["item"] = _id(frame, item)
    for role, column in numbers.items():
        frame.check_numbers(column, role)
        selected[role] = checks.add_number(role, column)
    checks.run()
    return local.frame.select(**selected)


def refuse_twice(
    frame: AnyFrame[FrameT],
    rows: AnyLazyFrame,
    codes: Codes | None,
    *,
    name: str,
    customer: str,
    remedy: str,
) -> int:
    """The number of rows, each of another customer; two of one are refused."""
    counts = rows.group_by("customer").agg(n=nw.len())
    twice = counts.filter(nw.col("n") > 1)
    found = total(frame, counts, twice=nw.col("n") > 1)
    if found["twice"]:
        example = twice.select("customer").sort("customer").head(1)
        shown: object
        if isinstance(frame, LazyFrame):
            shown = frame.collect(example).value("customer")
        else:
            place = collect(frame, example)["customer"].astype(np.int64)
            label = np.zeros(0) if codes is None else as_series(codes.labels(place)).to_list()
            shown = label[0]
        raise InvalidInputError(
            f"`{name}` must have one row a customer ({in_column('customer', customer)}), got more for "
            f"{shown!r} ({found['twice']} of {found['n']} customers); {remedy}"
        )
    return found["n"]


def customer_rows(frame: AnyFrame[FrameT], customer: str) -> tuple[AnyLazyFrame, Codes | None]:
    """The ids of a frame as a query."""
    if isinstance(frame, LazyFrame):
        return frame.frame.select(customer=_id(frame, customer)), None
    ids = frame.ids(customer, "customer")
    return _memory_rows({"customer": ids.codes}), ids
