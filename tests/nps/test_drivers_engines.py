"""The same survey through every engine: the same drivers to nine digits, bad data in the same words."""

from __future__ import annotations

import re
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl
import pytest

from clv._logs import ENGINES, LAZY, columns_of
from customer_centric.errors import InvalidInputError
from customer_centric.nps import driver_importance

engines = pytest.mark.parametrize("engine", ENGINES)
lazy = pytest.mark.parametrize("engine", LAZY)
DRIVERS = ["service", "price", "same"]


def survey(n: int = 120) -> pl.DataFrame:
    """Whole numbers with gaps, floats with gaps, far from 0; one driver never varies."""
    rng = np.random.default_rng(8)
    halo = rng.normal(size=n)
    service = np.clip(np.rint(3 + halo + rng.normal(size=n)), 1, 5).astype(int).tolist()
    rating = [int(x) for x in np.clip(np.rint(5 + 1.5 * halo + rng.normal(size=n)), 0, 10)]
    service[4] = rating[9] = None
    price = (1e6 + halo + rng.normal(size=n)).tolist()
    price[11] = None
    return pl.DataFrame(
        {
            "rating": rating,
            "service": service,
            "price": price,
            "same": [0.1] * n,
            "stands_for": rng.uniform(0.5, 2.0, n).tolist(),
            "account": [f"a{i}" for i in rng.integers(0, 30, n)],
        }
    )


@engines
@pytest.mark.parametrize("method", ["shapley", "relative_weights"])
@pytest.mark.parametrize(
    "design", [{}, {"weight": "stands_for"}, {"weight": "stands_for", "cluster": "account"}]
)
def test_every_engine_finds_the_same(engine: str, method: Any, design: dict[str, str]) -> None:
    def run(frame: Any) -> Any:
        return driver_importance(frame, outcome="rating", drivers=DRIVERS, method=method, **design)

    expected, found = run(survey()), run(ENGINES[engine](survey()))
    assert (found.n, found.n_left_out) == (117, 3)
    assert found.r_squared == pytest.approx(expected.r_squared, rel=1e-9)
    assert found.r_squared_interval.lower == pytest.approx(expected.r_squared_interval.lower, rel=1e-8)
    table, wanted = columns_of(found.frame), columns_of(expected.frame)
    assert list(table) == list(wanted)
    for name, values in table.items():
        if isinstance(wanted[name][0], float):
            assert [np.nan if v is None else v for v in values] == pytest.approx(
                [np.nan if v is None else v for v in wanted[name]], rel=1e-7, abs=1e-10, nan_ok=True
            )
        else:
            assert values == wanted[name]


@engines
def test_the_table_is_of_the_kind_that_came_in(engine: str) -> None:
    frame = ENGINES[engine](survey())
    found = driver_importance(frame, outcome="rating", drivers=DRIVERS, driver_range=(0, 2e6))
    assert type(found.frame) is type(frame)
    schema = nw.from_native(found.frame).collect_schema()
    assert schema["importance"] == nw.Float64
    assert schema["suppressor"] == nw.Boolean
    assert {schema[name] for name in ("driver", "direction", "quadrant")} == {nw.String()}


@lazy
@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (
            {"price": np.inf},
            {},
            "`drivers` (column 'price') must be finite numbers, or missing, got inf (1 of 120 values)",
        ),
        (
            {"service": 9.0},
            {"driver_range": (1, 5), "drivers": ["service"]},
            (
                "`drivers` (column 'service') must be from 1 to 5, which is `driver_range`, or missing, got "
                "9 (1 of 120 values)"
            ),
        ),
        (
            {"stands_for": -1.0},
            {"weight": "stands_for"},
            "`weight` (column 'stands_for') must be finite numbers, 0 or more, got -1 (1 of 120 values)",
        ),
        (
            {"stands_for": None},
            {"weight": "stands_for"},
            "`weight` (column 'stands_for') must be finite numbers, 0 or more, got null (1 of 120 values)",
        ),
        (
            {"account": None},
            {"cluster": "account"},
            "`cluster` (column 'account') must be present in every row, got null (1 of 120 values)",
        ),
    ],
)
def test_lazy_frames_are_refused_in_the_same_words(
    engine: str, change: dict[str, Any], arguments: dict[str, Any], message: str
) -> None:
    ((column, value),) = change.items()
    frame = survey()
    if isinstance(value, float):
        frame = frame.with_columns(pl.col(column).cast(pl.Float64))
    frame = frame.with_columns(
        pl.when(pl.int_range(pl.len()) == 20).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
    )
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        driver_importance(
            ENGINES[engine](frame), **({"outcome": "rating", "drivers": ["service", "price"]} | arguments)
        )


@lazy
def test_lazy_frames_refuse_what_no_row_can_mend(engine: str) -> None:
    def run(frame: pl.DataFrame, **arguments: Any) -> None:
        driver_importance(
            ENGINES[engine](frame), **({"outcome": "rating", "drivers": ["service"]} | arguments)
        )

    with pytest.raises(InvalidInputError, match=r"`outcome` \(column 'same'\) must vary, got 0.1 in all 119"):
        run(survey(), outcome="same")
    with pytest.raises(InvalidInputError, match="at least 3 complete rows for 1 drivers, got 0"):
        run(survey().head(0))
    with pytest.raises(InvalidInputError, match=r"`drivers` \(column 'account'\) must be numbers"):
        run(survey(), drivers=["account"])
    with pytest.raises(InvalidInputError, match="greater than 0 in at least one complete row, got only 0"):
        run(survey().with_columns(stands_for=pl.lit(0.0)), weight="stands_for")
