"""Every check of a number or an array, made before any arithmetic, in one message grammar.

`name` must be RULE, got VALUE at position POSITION (COUNT of TOTAL values); REMEDY
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from customer_centric.errors import InvalidInputError
from customer_centric.typing import BoolArray, FloatArray

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Rule:
    """What numbers must obey; NaN never does."""

    minimum: float | None = None
    maximum: float | None = None
    open_minimum: bool = False
    open_maximum: bool = False
    finite: bool = True
    whole: bool = False

    def __str__(self) -> str:
        """The rule in words: "a finite number greater than 0"."""
        noun = "a whole number" if self.whole else ("a finite number" if self.finite else "a number")
        bounds: list[str] = []
        if self.minimum is not None:
            bounds.append(f"{'greater than' if self.open_minimum else 'at least'} {self.minimum:g}")
        if self.maximum is not None:
            bounds.append(f"{'less than' if self.open_maximum else 'at most'} {self.maximum:g}")
        return " ".join([noun, " and ".join(bounds)]).strip()

    def broken(self, values: FloatArray) -> BoolArray:
        """Which values break the rule."""
        bad = ~np.isfinite(values) if self.finite or self.whole else np.isnan(values)
        if self.minimum is not None:
            bad |= (values <= self.minimum) if self.open_minimum else (values < self.minimum)
        if self.maximum is not None:
            bad |= (values >= self.maximum) if self.open_maximum else (values > self.maximum)
        if self.whole:
            bad |= values != np.rint(values)
        return np.asarray(bad)

    def holds(self, values: FloatArray) -> bool:
        """Whether all values obey, told by their extremes: NaN spreads through them."""
        if values.size == 0:
            return True
        extremes = np.array([values.min(), values.max()])
        if self.whole and not np.array_equal(values, np.rint(values)):
            return False
        return (
            not Rule(
                self.minimum, self.maximum, self.open_minimum, self.open_maximum, self.finite or self.whole
            )
            .broken(extremes)
            .any()
        )


def raise_broken(name: str, rule: str, values: FloatArray, bad: BoolArray, remedy: str = "") -> None:
    """Raise with the first of the `bad` values, its position and the count; nothing where none is bad."""
    if not bad.any():
        return
    tail = f"; {remedy}" if remedy else ""
    if values.ndim == 0:
        raise InvalidInputError(f"`{name}` must be {rule}, got {float(values):g}{tail}")
    position = int(np.flatnonzero(bad)[0])
    raise InvalidInputError(
        f"`{name}` must be {rule}, got {float(values.flat[position]):g} at position {position} "
        f"({int(bad.sum())} of {values.size} values){tail}"
    )


def as_floats(name: str, values: ArrayLike) -> FloatArray:
    """The values as float64, refusing text, booleans and objects that are not numbers."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise InvalidInputError(f"`{name}` must be numbers, got rows of different lengths") from None
    if array.dtype.kind not in "iuf" and array.size > 0:
        try:
            if array.dtype.kind != "O":
                raise TypeError
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise InvalidInputError(
                f"`{name}` must be numbers, got values of type {_kind(array)}; convert them first"
            ) from None
    return np.asarray(array, dtype=np.float64)


def _kind(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> str:
    kinds = {"b": "bool", "U": "text", "S": "bytes", "M": "date", "m": "duration", "c": "complex"}
    if array.dtype.kind == "O" and array.size:
        return type(array.flat[0]).__name__
    return kinds.get(array.dtype.kind, str(array.dtype))


def check_array(
    name: str,
    values: ArrayLike,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    open_minimum: bool = False,
    open_maximum: bool = False,
    finite: bool = True,
    whole: bool = False,
    remedy: str = "",
) -> FloatArray:
    """The values as float64, each of which obeys the rule."""
    array = as_floats(name, values)
    rule = Rule(minimum, maximum, open_minimum, open_maximum, finite, whole)
    if not rule.holds(array):
        raise_broken(name, str(rule), array, rule.broken(array), remedy)
    return array


def check_number(
    name: str,
    value: float,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    open_minimum: bool = False,
    open_maximum: bool = False,
    finite: bool = True,
    whole: bool = False,
    remedy: str = "",
) -> float:
    """One number that obeys the rule."""
    array = as_floats(name, value)
    if array.ndim != 0:
        raise InvalidInputError(f"`{name}` must be one number, got an array of shape {array.shape}")
    check_array(
        name,
        array,
        minimum=minimum,
        maximum=maximum,
        open_minimum=open_minimum,
        open_maximum=open_maximum,
        finite=finite,
        whole=whole,
        remedy=remedy,
    )
    return float(array)


def check_offers(name: str, value: object, methods: Sequence[str], *, rule: str, remedy: str) -> None:
    """An object that offers the methods by which it will be used; another kind is refused by name."""
    if not all(hasattr(value, method) for method in methods):
        got = repr(value) if isinstance(value, int | float | str) else type(value).__name__
        raise InvalidInputError(f"`{name}` must be {rule}, got {got}; {remedy}")


def check_choice(name: str, value: _T, allowed: Sequence[_T]) -> _T:
    """One of the allowed values."""
    if value not in allowed:
        choices = ", ".join(repr(choice) for choice in allowed)
        raise InvalidInputError(f"`{name}` must be one of {choices}, got {value!r}")
    return value


def check_confidence_level(confidence_level: float) -> float:
    """A nominal coverage strictly between 0 and 1."""
    return check_number(
        "confidence_level",
        confidence_level,
        minimum=0.0,
        maximum=1.0,
        open_minimum=True,
        open_maximum=True,
        remedy="95 % is written 0.95"
        if isinstance(confidence_level, (int, float)) and confidence_level > 1
        else "",
    )


def check_same_shape(arrays: dict[str, FloatArray]) -> tuple[FloatArray, ...]:
    """The arrays broadcast against each other; lengths that do not fit are refused."""
    try:
        return tuple(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"`{name}` {array.shape}" for name, array in arrays.items())
        raise InvalidInputError(f"lengths must agree or be 1, got {shapes}") from None


def check_histories(
    frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Purchase histories: whole frequency, and 0 <= recency <= age, 0 where frequency is 0."""
    arrays = {
        "frequency": check_array("frequency", frequency, minimum=0.0, whole=True),
        "recency": check_array("recency", recency, minimum=0.0),
        "age": check_array("age", age, minimum=0.0),
    }
    x, t_x, age_ = check_same_shape(arrays)
    raise_broken(
        "recency",
        "at most `age`",
        t_x,
        np.asarray(t_x > age_),
        "recency runs from the first to the last purchase, age from the first to the end of observation",
    )
    raise_broken(
        "recency",
        "0 where `frequency` is 0",
        t_x,
        np.asarray((x == 0) & (t_x > 0)),
        "frequency counts the purchases after the first; do not include the first one",
    )
    return x, t_x, age_
