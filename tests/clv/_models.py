"""The transaction models as one table, and Hypothesis strategies for models and histories.

A new model is one row of `FAMILIES`: every law then holds for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from hypothesis import strategies as st

from customer_centric import (
    BgNbd,
    Fit,
    HistoryCounts,
    MbgNbd,
    Nbd,
    ParetoNbd,
    fit_bg_nbd,
    fit_mbg_nbd,
    fit_nbd,
    fit_pareto_nbd,
)
from customer_centric._core.likelihood import Score
from customer_centric.clv import _beta_geometric, _gamma_poisson, _pareto

Model = BgNbd | MbgNbd | ParetoNbd | Nbd


@dataclass(frozen=True)
class Family:
    """What the laws have to know of a model."""

    name: str
    model: type[Model]
    fit: Callable[[HistoryCounts], Fit]
    score: Callable[[np.ndarray, HistoryCounts, int], Score]
    times: frozenset[str]  # parameters that are times: they scale with the unit
    finite_above_one: str | None  # the undiscounted whole future is finite where this exceeds 1

    @property
    def names(self) -> tuple[str, ...]:
        return self.model.parameter_names

    def build(self, *parameters: float, unit: str = "week") -> Model:
        return self.model(**dict(zip(self.names, parameters, strict=True)), unit=unit)


FAMILIES = (
    Family("BG/NBD", BgNbd, fit_bg_nbd, partial(_beta_geometric.score, z=0), frozenset({"alpha"}), "a"),
    Family("MBG/NBD", MbgNbd, fit_mbg_nbd, partial(_beta_geometric.score, z=1), frozenset({"alpha"}), "a"),
    Family("Pareto/NBD", ParetoNbd, fit_pareto_nbd, _pareto.score, frozenset({"alpha", "beta"}), "s"),
    Family("NBD", Nbd, fit_nbd, _gamma_poisson.score, frozenset({"alpha"}), None),
)
every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


@dataclass(frozen=True)
class Case:
    """A model, some histories, and a question about the future."""

    model: Model
    frequency: np.ndarray
    recency: np.ndarray
    age: np.ndarray
    horizon: float

    @property
    def history(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.frequency, self.recency, self.age


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers from 10^low to 10^high, as many small as large, round ones more often."""
    return st.one_of(
        st.floats(low, high).map(lambda e: float(10.0**e)),
        st.integers(int(np.ceil(low)), int(np.floor(high))).map(lambda e: float(10.0**e)),
    )


def histories(
    largest_count: float, youngest: float, oldest: float, *, n_rows: int
) -> st.SearchStrategy[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Possible histories: nobody came back, or the last purchase is anywhere up to the end."""
    row = st.tuples(
        st.one_of(st.just(0.0), st.just(1.0), powers(0, largest_count).map(np.floor)),
        st.one_of(st.just(1.0), st.just(0.0), st.floats(0, 1)),
        st.one_of(st.just(0.0), powers(youngest, oldest)),
    )
    rows = st.lists(row, min_size=1, max_size=n_rows).map(lambda rows: np.array(rows).T)
    return rows.map(lambda c: (c[0], np.where(c[0] > 0, c[1] * c[2], 0.0), c[2]))


@st.composite
def wild_cases(draw: st.DrawFn, family: Family) -> Case:
    """x to 1e4, ages 0 to 1e5, parameters 1e-4 to 1e4: nobody's data, and no excuse for a NaN."""
    parameters = [draw(powers(-4, 4)) for _ in family.names]
    history = draw(histories(4, -3, 5, n_rows=4))
    return Case(family.build(*parameters), *history, draw(powers(-3, 5)))


@st.composite
def ordinary_cases(draw: st.DrawFn, family: Family, *, n_rows: int = 4, most: float = 3) -> Case:
    """Parameters 1e-2 to 1e2, x, ages and horizons to 1e3 units."""
    parameters = [draw(powers(-2, 2)) for _ in family.names]
    history = draw(histories(most, -1, 3, n_rows=n_rows))
    return Case(family.build(*parameters), *history, draw(powers(-1, 3)))
