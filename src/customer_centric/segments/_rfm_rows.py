"""Scores of customers where their rows are: cuts first, then a comparison a cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, cast

import narwhals.stable.v2 as nw
import numpy as np

from customer_centric._core.frames import LazyFrame, MemoryFrame
from customer_centric._core.frames.lazy import flag
from customer_centric._core.frames.lazy_checks import Broken, not_finite, refuse_broken
from customer_centric._core.frames.problems import in_column, raise_where
from customer_centric.errors import InvalidInputError
from customer_centric.segments._rank_cuts import cuts_in_engine, cuts_in_memory, score_by_cuts
from customer_centric.typing import FloatArray, FrameT

MEASURES: Final = ("time_since_last", "frequency", "spend")
_SCORES: Final = {"time_since_last": "r_score", "frequency": "f_score", "spend": "m_score"}
_FINITE: Final = "finite numbers"
_NOT_NEGATIVE: Final = "finite numbers of at least 0"
_REMEDY: Final = "correct these customers, or leave them out and count them"

Cuts = tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Measured(Generic[FrameT]):
    """The scored frame, the cuts of each measure, and the customers of each score."""

    frame: FrameT
    cuts: dict[str, Cuts]
    customers: dict[str, tuple[int, ...]]


def score_rows(
    source: MemoryFrame[FrameT] | LazyFrame[FrameT],
    columns: Mapping[str, str],
    k: int,
    given: Mapping[str, Cuts] | None,
) -> Measured[FrameT]:
    """Scores from 1 to `k`, by given cuts or by those of mid-ranks."""
    taken = [name for name in _SCORES.values() if name in source.columns]
    if taken:
        raise InvalidInputError(
            f"`customers` must have no column {taken[0]!r}, which the scores are named; rename it first"
        )
    if isinstance(source, LazyFrame):
        return _score_lazy(source, columns, k, given)
    return _score_memory(source, columns, k, given)


def _score_memory(
    source: MemoryFrame[FrameT], columns: Mapping[str, str], k: int, given: Mapping[str, Cuts] | None
) -> Measured[FrameT]:
    cuts: dict[str, Cuts] = {}
    customers: dict[str, tuple[int, ...]] = {}
    values = {name: _values(source, columns[name], name) for name in MEASURES}
    added: list[nw.Series[Any]] = []
    backend = source.series(columns["spend"]).implementation
    for name in MEASURES:
        falling = name == "time_since_last"
        if given is not None:
            cuts[name] = given[name]
        elif falling:
            # 0 - x and not -x: no -0.0 in what people read.
            cuts[name] = tuple(0.0 - cut for cut in cuts_in_memory(0.0 - values[name], k))
        else:
            cuts[name] = cuts_in_memory(values[name], k)
        score = score_by_cuts(values[name], cuts[name], low_is_good=falling)
        customers[name] = tuple(np.bincount(score, minlength=k + 1)[1:].tolist())
        added.append(nw.new_series(_SCORES[name], score, nw.Int64, backend=backend))
    return Measured(source.with_series(added), cuts, customers)


def _values(source: MemoryFrame[FrameT], column: str, name: str) -> FloatArray:
    values = source.amounts(column, name)
    if name != "spend":
        raise_where(in_column(name, column), _NOT_NEGATIVE, values < 0, values, remedy=_REMEDY)
    return values


def _score_lazy(
    source: LazyFrame[FrameT], columns: Mapping[str, str], k: int, given: Mapping[str, Cuts] | None
) -> Measured[FrameT]:
    for name in MEASURES:
        source.check_numbers(columns[name], name)
    n, _ = refuse_broken(source, [_not_a_number(name, columns[name]) for name in MEASURES])
    cuts: dict[str, Cuts] = {}
    for name in MEASURES:
        value = nw.col(columns[name]).cast(nw.Float64)
        if given is not None:
            cuts[name] = given[name]
        elif name == "time_since_last":
            cuts[name] = tuple(0.0 - cut for cut in cuts_in_engine(source, 0.0 - value, n, k))
        else:
            cuts[name] = cuts_in_engine(source, value, n, k)
    scored = source.frame.with_columns(
        **{_SCORES[name]: _score(nw.col(columns[name]), cuts[name], name) for name in MEASURES}
    )
    flags = {
        f"{column}{score}": flag(nw.col(column) == score)
        for column in _SCORES.values()
        for score in range(1, k + 1)
    }
    found = source.collect_arrays(scored.select(**flags).select(*(nw.col(name).sum() for name in flags)))
    customers = {
        name: tuple(int(np.nan_to_num(found[f"{column}{score}"][0])) for score in range(1, k + 1))
        for name, column in _SCORES.items()
    }
    return Measured(cast("FrameT", scored.to_native()), cuts, customers)


def _not_a_number(name: str, column: str) -> Broken:
    value = nw.col(column).cast(nw.Float64)
    odd = not_finite(value)
    if name != "spend":
        odd = odd | (value < 0)
    rule = _FINITE if name == "spend" else _NOT_NEGATIVE
    return Broken(name, column, odd, rule, "something else", _REMEDY)


def _score(value: nw.Expr, cuts: Cuts, name: str) -> nw.Expr:
    score = nw.lit(1).cast(nw.Int64)
    for cut in cuts:
        score = score + flag(value <= cut if name == "time_since_last" else value >= cut)
    return score
