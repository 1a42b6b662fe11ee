"""A regression for the chance of leaving: against SciPy's optimiser, known worlds, and hostile tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from churn._engines import engines, in_engine
from customer_centric.churn import ChurnHazard, fit_churn_hazard
from customer_centric.errors import ConvergenceError, InvalidInputError, MissingColumnError
from effort import examples

COLUMNS = {"customer": "id", "tenure": "month", "lost": "left"}


def world(seed: int, n: int = 600, *, shared: float = 0.0) -> pd.DataFrame:
    """Customers followed for five months: a complaint adds 0.5 to the log odds, a plan takes 0.8."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(n):
        complaints, plan = int(rng.integers(0, 3)), int(rng.random() < 0.4)
        own = shared * rng.standard_normal()
        for month in range(5):
            eta = -2.0 - 0.1 * month + 0.5 * complaints - 0.8 * plan + own
            left = bool(rng.random() < 1 / (1 + np.exp(-eta)))
            rows.append((customer, month, left, complaints, plan))
            if left:
                break
    return pd.DataFrame(rows, columns=["id", "month", "left", "complaints", "plan"])


def fit(table: Any, covariates: tuple[str, ...] = ("complaints", "plan"), **arguments: Any) -> ChurnHazard:
    return fit_churn_hazard(table, **COLUMNS, covariates=list(covariates), **arguments)


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_the_optimum_is_that_of_another_optimiser(link: str) -> None:
    table = world(1)
    found = fit(table, link=link)
    months = pd.get_dummies(table["month"]).to_numpy(float)
    x = np.column_stack([months, table[["complaints", "plan"]].to_numpy(float)])
    y = table["left"].to_numpy(float)

    def loss(theta: np.ndarray) -> float:
        eta = x @ theta
        if link == "logit":
            return float((np.logaddexp(0, eta) - y * eta).sum())
        return float(-(y * np.log(-np.expm1(-np.exp(eta))) - (1 - y) * np.exp(eta)).sum())

    best = optimize.minimize(loss, np.r_[[-2.0] * 5, 0, 0], method="BFGS", options={"gtol": 1e-8})
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-6)
    assert np.r_[found.baseline, found.coefficients] == pytest.approx(best.x, abs=1e-3)


@given(st.integers(0, 10**6), st.floats(0.01, 1000), st.floats(-1000, 1000))
@examples(10)
def test_the_unit_of_a_covariate_does_not_matter(seed: int, scale: float, shift: float) -> None:
    table = world(seed, 200)
    moved = table.assign(complaints=shift + scale * table["complaints"])
    here, there = fit(table), fit(moved)
    assert there.log_likelihood == pytest.approx(here.log_likelihood, abs=1e-6)
    assert there.coefficients[0] * scale == pytest.approx(here.coefficients[0], rel=1e-4, abs=1e-7)
    assert there.effects[0] * scale == pytest.approx(here.effects[0], rel=1e-4, abs=1e-9)
    assert there.effect_errors[0] * scale == pytest.approx(here.effect_errors[0], rel=1e-3)


def test_intervals_hold_what_they_promise() -> None:
    """100 worlds: 95 % intervals of the coefficients hold the truth at least 89 times."""
    held = np.zeros(2)
    for seed in range(100):
        table = fit(world(seed, 500)).summary()
        held += (np.log(table["lower"]) <= [0.5, -0.8]) & (np.log(table["upper"]) >= [0.5, -0.8])
    assert (held >= 89).all(), held


def test_rows_of_a_customer_are_not_independent() -> None:
    """The covariance is the sandwich with scores summed by customer, written out."""
    table = world(3, 200, shared=1.0).reset_index(drop=True)
    found = fit(table)
    design = np.hstack(
        [np.eye(5)[table["month"].to_numpy()], table[["complaints", "plan"]].to_numpy(dtype=float)]
    )
    mean = found.hazard(table["month"], table[["complaints", "plan"]])
    scores = pd.DataFrame(design * (table["left"].to_numpy() - mean)[:, None])
    summed = scores.groupby(table["id"]).sum().to_numpy()
    bread = np.linalg.inv(design.T @ (design * (mean * (1 - mean))[:, None]))
    n = found.n_customers
    assert found.covariance == pytest.approx(bread @ (summed.T @ summed * n / (n - 1)) @ bread, rel=1e-6)


def test_hazards_are_probabilities_of_the_fit() -> None:
    table = world(4)
    found = fit(table)
    hazards = found.hazard(table["month"], table[["complaints", "plan"]])
    assert hazards.sum() == pytest.approx(table["left"].sum(), rel=1e-6)
    by_month = pd.Series(hazards).groupby(table["month"].to_numpy()).sum()
    assert by_month.to_numpy() == pytest.approx(table.groupby("month")["left"].sum().to_numpy(), rel=1e-6)
    assert found.hazard([0], [1, 0])[0] < found.hazard([0], [2, 0])[0]
    alone = fit(table, ())
    shares = table.groupby("month")["left"].mean()
    assert alone.hazard(shares.index) == pytest.approx(shares.to_numpy())


def test_average_effects_are_changes_of_the_mean_hazard() -> None:
    table = world(5)
    found = fit(table)
    step = 1e-4
    moved = table[["complaints", "plan"]] + [step, 0]
    change = found.hazard(table["month"], moved) - found.hazard(table["month"], table[["complaints", "plan"]])
    assert found.effects[0] == pytest.approx(change.mean() / step, rel=1e-3)
    summary = found.summary()
    assert (summary["effect_lower"] < summary["effect"]).all()
    assert (found.n_lost, found.n_customers) == (int(table["left"].sum()), 600)


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_the_effect_of_a_switch_is_churn_with_it_less_churn_without(link: str) -> None:
    """Not the slope, which understates strong switches; its error by the delta method, done numerically."""
    table = world(5)
    found = fit(table, link=link)

    def effect(baseline: np.ndarray, coefficients: np.ndarray) -> float:
        model = replace(found, baseline=baseline, coefficients=coefficients)
        on, off = (model.hazard(table["month"], table[["complaints", "plan"]].assign(plan=x)) for x in (1, 0))
        return float((on - off).mean())

    assert found.effects[1] == pytest.approx(effect(found.baseline, found.coefficients), rel=1e-9)
    k, step = found.tenures.size, 1e-5
    both = np.concatenate([found.baseline, found.coefficients])
    gradient = np.array(
        [
            (effect(*np.split(both + move, [k])) - effect(*np.split(both - move, [k]))) / (2 * step)
            for move in step * np.eye(both.size)
        ]
    )
    assert found.effect_errors[1] == pytest.approx(np.sqrt(gradient @ found.covariance @ gradient), rel=1e-5)


@engines
def test_every_engine_has_the_same_fit(engine: str) -> None:
    table = world(6, 200)
    here, there = fit(table), fit(in_engine(table, engine))
    assert there.coefficients == pytest.approx(here.coefficients, rel=1e-9)
    assert there.covariance == pytest.approx(here.covariance, rel=1e-7, abs=1e-12)


def change(**columns: object) -> pd.DataFrame:
    return world(7, 100).assign(**columns)


@pytest.mark.parametrize(
    ("table", "covariates", "error", "message"),
    [
        (change(plan=1), ("plan",), InvalidInputError, "`covariates` must vary, got 'plan'"),
        (
            change(twice=lambda t: 2 * t["complaints"]),
            ("complaints", "twice"),
            InvalidInputError,
            "`covariates` must not repeat one another",
        ),
        (change(left=False), (), InvalidInputError, "nobody left .5 of 5 tenures."),
        (change(left=True), (), InvalidInputError, "`lost` must be true at most once a customer"),
        (change(left=2), (), InvalidInputError, "must be 0 or 1, got 2"),
        (change(month=0.5), (), InvalidInputError, "`tenure` must be a whole number, got 0.5"),
        (change(), ("age",), MissingColumnError, "must be a column of the frame, got 'age'"),
        (
            change(oracle=lambda t: t["left"].astype(int)),
            ("oracle",),
            ConvergenceError,
            "the covariates separate who left from who stayed",
        ),
        (change().head(0), (), InvalidInputError, "`table` must have at least one row, got none"),
    ],
)
def test_tables_that_cannot_be_fitted(
    table: pd.DataFrame, covariates: tuple[str, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        fit(table, covariates)


@pytest.mark.parametrize(
    ("months", "left", "message"),
    [
        ([0, 1, 1], [0, 0, 1], r"`tenure` must be different in each row of a customer, got 1 at position 2"),
        ([0, 1, 2], [0, 1, 0], r"`tenure` must be no longer than .* was lost, got 2 at position 2 \(1 of 3"),
    ],
)
def test_rows_that_no_customer_can_have(months: list[int], left: list[int], message: str) -> None:
    """The same period twice, and a period after the customer was gone."""
    table = pd.DataFrame({"id": [7, 7, 7], "month": months, "left": left})
    with pytest.raises(InvalidInputError, match=message):
        fit_churn_hazard(table, customer="id", tenure="month", lost="left", covariates=[])


def test_ratios_of_a_tiny_unit_may_be_beyond_all_numbers() -> None:
    """Complaints in billions: the coefficient is known, its ratio overflows without a warning."""
    table = world(6, 200)
    table["complaints"] *= 1e-9
    row = fit(table).summary().loc["complaints"]
    assert (row["ratio"], row["upper"]) == (np.inf, np.inf)
    assert 1e7 < row["coefficient"] < 1e10


def test_one_covariate_is_a_list_too_and_has_a_square() -> None:
    table = pd.DataFrame({"id": [1, 2, 3], "month": 0, "left": [0, 1, 0], "x": [1.0, 2.0, 1e300]})
    columns = {"customer": "id", "tenure": "month", "lost": "left"}
    with pytest.raises(InvalidInputError, match="`covariates` must be a sequence of columns, got 'x'"):
        fit_churn_hazard(table, **columns, covariates="x")
    with pytest.raises(InvalidInputError, match=r"`covariates` must be .* at most 1e\+150, got 1e\+300"):
        fit_churn_hazard(table, **columns, covariates=["x"])


def test_refusals() -> None:
    table = world(8, 200)
    with pytest.raises(InvalidInputError, match="`link` must be one of 'logit', 'cloglog'"):
        fit(table, link="probit")
    with pytest.raises(InvalidInputError, match="`tenure` must be one that the model was fitted to, got 9"):
        fit(table).hazard([9], [0, 0])
    with pytest.raises(InvalidInputError, match="`values` must have one number a covariate, got 1 for 2"):
        fit(table).hazard([1], [0])
