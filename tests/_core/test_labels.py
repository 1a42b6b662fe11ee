"""Columns of few different values as codes: ascending labels that all occur, in every engine."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from customer_centric import InvalidInputError
from customer_centric._core.frames.labels import encode_labels

VALUES = ["pay", None, "cart", "pay", "Zürich"]


def series(values: Any, engine: str) -> Any:
    """A column of that engine behind Narwhals' interface."""
    if engine == "pandas":
        native: Any = pd.Series(values, name="x")
    elif engine == "polars":
        native = pl.Series("x", values)
    else:
        native = pa.table({"x": values})["x"]
    return nw.from_native(native, series_only=True)


@pytest.mark.parametrize("engine", ["pandas", "polars", "pyarrow"])
def test_labels_ascend_and_missing_ones_are_minus_one(engine: str) -> None:
    """Text by code point, whole numbers as text; nothing but nulls has no labels; none at all is empty."""
    found = encode_labels(series(VALUES, engine), engine=engine, role="step")  # type: ignore[arg-type]
    assert found.names == ("Zürich", "cart", "pay")
    assert found.codes.tolist() == [2, -1, 1, 2, 0]
    assert found.codes.dtype == np.int8
    numbers = encode_labels(series([10, 2, 10], engine), engine=engine, role="step")  # type: ignore[arg-type]
    assert (numbers.names, numbers.codes.tolist()) == (("10", "2"), [0, 1, 0])
    nothing = encode_labels(series([None, None], engine), engine=engine, role="step")  # type: ignore[arg-type]
    assert (nothing.names, nothing.codes.tolist()) == ((), [-1, -1])
    with pytest.raises(InvalidInputError, match=r"`step` \(column '.*'\) must be text, whole numbers or cat"):
        encode_labels(series([0.5, 1.0], engine), engine=engine, role="step")  # type: ignore[arg-type]


def test_categories_that_do_not_occur_are_no_labels() -> None:
    """Also where the first rows do not have all that occur."""
    many = pd.Categorical(["b"] * 70_000 + ["a"], categories=["never", "b", "a"])
    found = encode_labels(series(many, "pandas"), engine="pandas", role="step")
    assert found.names == ("a", "b")
    assert (found.codes[0], found.codes[-1]) == (1, 0)
