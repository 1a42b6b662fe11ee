"""One small survey through every engine: the same counts to the bit, the same kind of frame and words."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from clv._logs import EAGER, ENGINES, LAZY, columns_of
from customer_centric.errors import InvalidInputError
from customer_centric.nps import NpsByGroup, nps_by

engines = pytest.mark.parametrize("engine", ENGINES)
COUNTS = ("n", "n_missing", "rank_lower", "rank_upper")


def survey(size: int = 240) -> pl.DataFrame:
    rng = np.random.default_rng(12)
    segments = rng.choice(["gold", "silver", "Éclair", "10", "9"], size)
    answers = np.clip(rng.integers(0, 11, size) + 3 * (segments == "gold"), 0, 10)
    return pl.DataFrame(
        {
            "segment": segments,
            "site": rng.integers(-1, 2, size),
            "rating": pl.Series([None if rng.random() < 0.1 else int(answer) for answer in answers]),
            "weight": rng.uniform(0.1, 4, size),
            "account": rng.integers(0, 90, size).astype(str),
        }
    )


def score(frame: Any, **arguments: Any) -> NpsByGroup[Any]:
    return nps_by(frame, **({"by": ["segment", "site"], "rating": "rating"} | arguments))


@engines
@pytest.mark.parametrize("design", [{}, {"weight": "weight"}, {"weight": "weight", "cluster": "account"}])
def test_every_engine_gives_the_same(engine: str, design: dict[str, str]) -> None:
    frame = ENGINES[engine](survey())
    found, expected = score(frame, **design), score(survey(), **design)
    assert type(found.frame) is type(frame)
    columns, wanted = columns_of(found.frame), columns_of(expected.frame)
    assert list(columns) == list(wanted)
    for name, values in columns.items():
        if name in {"segment", "site", *COUNTS}:
            assert values == wanted[name], name
        else:
            got, want = (np.array(part, dtype=float) for part in (values, wanted[name]))
            np.testing.assert_allclose(got, want, rtol=1e-9 if design else 0, atol=0, err_msg=name)
    assert found.overall.n == expected.overall.n
    assert found.overall.score == pytest.approx(expected.overall.score, rel=1e-12)
    assert found.heterogeneity == pytest.approx(expected.heterogeneity, rel=1e-9)
    pairs = found.pairs()
    assert len(pairs) == 15 * 14 / 2
    assert pairs["segment_first"].tolist() == expected.pairs()["segment_first"].tolist()
    np.testing.assert_allclose(pairs["p_adjusted"], expected.pairs()["p_adjusted"], rtol=1e-6)


@engines
def test_a_missing_score_is_null(engine: str) -> None:
    """Except in pandas, which says NaN."""
    frame = survey(20).with_columns(
        rating=pl.when(pl.col("segment") == "gold").then(None).otherwise(pl.col("rating"))
    )
    columns = columns_of(score(ENGINES[engine](frame), by="segment").frame)
    gold = columns["segment"].index("gold")
    missing = ("score", "promoter_share", "passive_share", "detractor_share", "standard_error")
    assert [columns[name][gold] for name in missing] == [None] * 5
    assert [columns[name][gold] for name in ("n", "lower", "upper", "effective_n")] == [0, -100, 100, 0]


@engines
def test_categories_come_back_as_categories(engine: str) -> None:
    frame = survey().with_columns(
        pl.col("segment").cast(pl.Enum(["silver", "gold", "Éclair", "10", "9", "none"]))
    )
    found = score(ENGINES[engine](frame), by="segment")
    assert columns_of(found.frame)["segment"] == ["10", "9", "gold", "silver", "Éclair"]
    native: Any = found.frame
    if engine == "Polars lazy":
        native = native.collect()
    if engine in {"Polars", "Polars lazy"}:
        assert native["segment"].dtype == frame["segment"].dtype


def test_an_enum_of_duckdb_stays_one() -> None:
    import duckdb

    relation = duckdb.sql("select 'b'::enum('b', 'a') as segment, 9 as rating")
    assert str(score(relation, by="segment").frame.types[0]) == "ENUM('b', 'a')"


@engines
def test_nobody(engine: str) -> None:
    some, none = (columns_of(score(ENGINES[engine](part)).frame) for part in (survey(), survey().head(0)))
    assert list(none) == list(some)
    assert not any(none.values())


@engines
def test_everybody(engine: str) -> None:
    columns = columns_of(score(ENGINES[engine](survey()), by=()).frame)
    assert columns["n"] == [survey()["rating"].count()]
    assert "segment" not in columns


@pytest.mark.parametrize("engine", LAZY)
def test_lazy_errors_tell_value_and_count(engine: str) -> None:
    frame = survey().with_columns(rating=pl.when(pl.col("site") == 1).then(12).otherwise(pl.col("rating")))
    count = int((survey()["site"] == 1).sum())
    with pytest.raises(InvalidInputError, match=rf"got 12 \({count} of 240 values\); state another scale"):
        score(ENGINES[engine](frame))


@pytest.mark.parametrize("engine", EAGER)
def test_errors_in_memory_tell_the_position_too(engine: str) -> None:
    frame = survey().with_columns(rating=pl.when(pl.col("site") == 1).then(12).otherwise(pl.col("rating")))
    position = survey()["site"].to_list().index(1)
    with pytest.raises(InvalidInputError, match=rf"got 12 at position {position} "):
        score(ENGINES[engine](frame))


def test_only_the_cells_of_a_lazy_frame_are_collected() -> None:
    """A query of a DuckDB relation that is scored runs once."""
    import duckdb

    connection = duckdb.connect()
    calls: list[int] = []

    def seen(rating: int) -> int:
        calls.append(rating)
        return rating

    connection.create_function("seen", seen, ["BIGINT"], "BIGINT")
    relation = connection.sql("select i % 3 as segment, seen(i % 11) as rating from range(60) t(i)")
    found = nps_by(relation, "segment", rating="rating")
    assert found.overall.n == 60
    assert len(calls) <= 60
    connection.close()
