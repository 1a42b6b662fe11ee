"""The same survey through every engine: the same weights, in a frame of the same kind."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv._logs import EAGER, ENGINES, LAZY, columns_of
from customer_centric.errors import ConvergenceError, InvalidInputError, MissingColumnError
from customer_centric.nps import rake
from effort import examples

engines = pytest.mark.parametrize("engine", ENGINES)
SURVEY = pl.DataFrame(
    {
        "id": list(range(8)),
        "region": ["é", "a", "a", "B", "a", "B", "é", "a"],
        "tier": [1, 2, 1, 1, 3, 2, 3, 1],
        "base": [1.0, 0.5, 2.0, 1.0, 1.0, 0.0, 4.0, 1.5],
    }
)
MARGINS: dict[str, dict[Any, float]] = {
    "region": {"a": 450, "B": 250, "é": 300},
    "tier": {1: 500, 2: 200, 3: 300},
}


def raked_by_id(survey: Any, **arguments: Any) -> dict[int, float]:
    """Weights by id, because a lazy frame promises no order."""
    columns = columns_of(rake(survey, MARGINS, **arguments).frame)
    return dict(zip(columns["id"], columns["weight"], strict=True))


@engines
class TestParity:
    def test_the_kind_that_came_in_comes_out_with_one_column_more(self, engine: str) -> None:
        survey = ENGINES[engine](SURVEY)
        raked = rake(survey, MARGINS)
        assert type(raked.frame) is type(survey)
        columns = columns_of(raked.frame)
        assert list(columns) == [*SURVEY.columns, "weight"]
        assert sorted(columns["id"]) == SURVEY["id"].to_list()

    @pytest.mark.parametrize("weight", [None, "base"])
    def test_weights_and_what_is_told_of_them(self, engine: str, weight: str | None) -> None:
        expected = rake(SURVEY, MARGINS, weight=weight)
        found = rake(ENGINES[engine](SURVEY), MARGINS, weight=weight)
        assert raked_by_id(ENGINES[engine](SURVEY), weight=weight) == pytest.approx(
            dict(zip(SURVEY["id"], expected.frame["weight"], strict=True)), rel=1e-12
        )
        for name in ("n", "n_iterations"):
            assert getattr(found, name) == getattr(expected, name)
        for name in ("design_effect", "smallest_weight", "largest_weight"):
            assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-12)
        assert found.margins["label"].tolist() == ["a", "B", "é", 1, 2, 3]
        for name in ("n", "before", "after", "target"):
            np.testing.assert_allclose(found.margins[name], expected.margins[name], rtol=1e-12)

    @pytest.mark.parametrize("kind", [pl.Int8, pl.UInt64, pl.Int64])
    def test_whole_numbers_of_every_width(self, engine: str, kind: Any) -> None:
        survey = SURVEY.with_columns(pl.col("tier").cast(kind))
        assert raked_by_id(ENGINES[engine](survey)) == pytest.approx(raked_by_id(SURVEY), rel=1e-12)

    @pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["é", "a", "B", "never"])])
    def test_categories(self, engine: str, kind: Any) -> None:
        survey = SURVEY.with_columns(pl.col("region").cast(kind))
        assert raked_by_id(ENGINES[engine](survey)) == pytest.approx(raked_by_id(SURVEY), rel=1e-12)

    def test_a_missing_label(self, engine: str) -> None:
        survey = SURVEY.with_columns(region=pl.when(pl.col("id") > 5).then(None).otherwise("region"))
        message = "`margins['region']` (column 'region') must be present in every row, got null"
        count = r".*\(2 of 8 values\); remove these rows"
        with pytest.raises(InvalidInputError, match=re.escape(message) + count):
            rake(ENGINES[engine](survey), MARGINS)

    @pytest.mark.parametrize(
        ("bad", "shown"),
        [(-1.0, "-1"), (np.inf, "inf"), (np.nan, "(nan|null)"), (None, "(nan|null)")],
    )
    def test_weights_that_are_none(self, engine: str, bad: float | None, shown: str) -> None:
        survey = SURVEY.with_columns(base=pl.when(pl.col("id") == 2).then(bad).otherwise("base"))
        message = re.escape("`weight` (column 'base') must be finite numbers")
        with pytest.raises(InvalidInputError, match=message + f".*got {shown}.*1 of 8 values"):
            rake(ENGINES[engine](survey), MARGINS, weight="base")

    def test_what_is_refused_in_the_same_words(self, engine: str) -> None:
        survey = ENGINES[engine](SURVEY)
        with pytest.raises(InvalidInputError, match=r"got none for 'é' \(1 of 3 labels, 2 of 8 rows\)"):
            rake(survey, {"region": {"a": 0.4, "B": 0.6}})
        with pytest.raises(InvalidInputError, match="got 'c', which none has with a weight above 0"):
            rake(survey, {"region": {"a": 0.4, "B": 0.2, "é": 0.2, "c": 0.2}})
        with pytest.raises(InvalidInputError, match="must be text, whole numbers or categories"):
            rake(survey, {"base": {1.0: 1.0}})
        with pytest.raises(InvalidInputError, match="`column` must be the name of a new column"):
            rake(survey, MARGINS, column="base")
        with pytest.raises(MissingColumnError, match="`weight` must be a column of the frame, got 'pay'"):
            rake(survey, MARGINS, weight="pay")
        with pytest.raises(InvalidInputError, match=r"`weight`.* must be numbers, got a column of type"):
            rake(survey, {"tier": MARGINS["tier"]}, weight="region")
        with pytest.raises(InvalidInputError, match="`survey` must have at least one row, got none"):
            rake(ENGINES[engine](SURVEY.head(0)), MARGINS)
        with pytest.raises(ConvergenceError, match="no weights were found"):
            rake(ENGINES[engine](SURVEY.head(6)), {"region": {"a": 0.1, "B": 0.1, "é": 0.8},
                                                   "tier": {1: 0.1, 2: 0.1, 3: 0.8}})  # fmt: skip


@examples(10)
@given(st.lists(st.tuples(st.sampled_from("aBé"), st.integers(1, 3)), min_size=1, max_size=20))
def test_every_engine_gives_the_weights_of_the_path_in_memory(rows: list[tuple[str, int]]) -> None:
    frame = pl.DataFrame(rows, schema={"region": pl.String, "tier": pl.Int64}, orient="row")
    survey = frame.with_row_index("id").cast({"id": pl.Int64})
    margins: dict[str, dict[Any, float]] = {
        name: {label: 1.0 + place for place, label in enumerate(sorted(survey[name].unique()))}
        for name in ("region",)
    }
    expected = columns_of(rake(survey, margins).frame)["weight"]
    for engine in ENGINES.values():
        columns = columns_of(rake(engine(survey), margins).frame)
        by_id = sorted(zip(columns["id"], columns["weight"], strict=True))
        np.testing.assert_allclose([weight for _, weight in by_id], expected, rtol=1e-12)


@pytest.mark.parametrize("engine", LAZY)
def test_lazy_surveys_stay_lazy(engine: str) -> None:
    """Their weights can go on into a query without the rows coming back first."""
    frame = rake(ENGINES[engine](SURVEY), MARGINS).frame
    if engine == "DuckDB":
        total = frame.aggregate("sum(weight) as total").fetchall()[0][0]
    else:
        total = frame.select(pl.col("weight").sum()).collect().item()
    assert total == pytest.approx(8.0)


@pytest.mark.parametrize("engine", EAGER)
def test_rows_in_memory_keep_their_order(engine: str) -> None:
    assert columns_of(rake(ENGINES[engine](SURVEY), MARGINS).frame)["id"] == SURVEY["id"].to_list()
