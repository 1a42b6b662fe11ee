"""Projections hold the spread of parameters and of chance."""

from __future__ import annotations

import numpy as np
import pytest

from churn._contracts import draw_contracts
from customer_centric.churn import RenewalCounts, Sbg, fit_bdw, fit_sbg, project_retention
from customer_centric.errors import InvalidInputError

REGULAR = RenewalCounts.from_survivors([1000, 631, 468, 382, 326, 289, 262, 241])


@pytest.mark.parametrize("fit", [fit_sbg, fit_bdw])
def test_projections_follow_the_model(fit: object) -> None:
    fitted = fit(REGULAR)  # type: ignore[operator]
    ahead = project_retention(fitted, 241, 5, tenure=7, rng=np.random.default_rng(1))
    assert ahead["survival"].to_numpy() == pytest.approx(fitted.model.survival(np.arange(1, 6), tenure=7))
    assert ahead["expected"].to_numpy() == pytest.approx(241 * ahead["survival"].to_numpy())
    assert (ahead["survival_lower"] < ahead["survival"]).all()
    assert (ahead["lower"] < ahead["expected"]).all()
    assert (ahead["upper"] > ahead["expected"]).all()
    spread = (ahead["upper"] - ahead["lower"]) / 241
    assert (spread > ahead["survival_upper"] - ahead["survival_lower"]).all(), "chance comes on top"


def test_draws_repeat_with_their_generator() -> None:
    fit = fit_sbg(REGULAR)
    one, two = (project_retention(fit, 10, 2, rng=np.random.default_rng(5)) for _ in range(2))
    assert one.equals(two)


def test_bounds_hold_what_they_promise() -> None:
    """In 150 worlds the customers left after five more renewals lie between the bounds nine times in ten."""
    rng = np.random.default_rng(12)
    held = 0
    for _ in range(150):
        fit = fit_sbg(draw_contracts(rng, n=1000, alpha=1.0, beta=3.0, periods=5))
        future = int(rng.binomial(300, float(Sbg(alpha=1.0, beta=3.0).survival(5, tenure=5))))
        row = project_retention(fit, 300, 5, tenure=5, rng=rng, n_draws=400).iloc[-1]
        held += row["lower"] <= future <= row["upper"]
    assert held / 150 >= 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"customers": 0}, "`customers` must be a whole number at least 1, got 0"),
        ({"periods": 0}, "`periods` must be a whole number at least 1, got 0"),
        ({"tenure": -1}, "`tenure` must be a finite number at least 0 and at most .*, got -1"),
        ({"rng": 1}, "`rng` must be a NumPy random generator, got 1"),
        ({"n_draws": 0}, "`n_draws` must be a whole number at least 1, got 0"),
    ],
)
def test_refusals(arguments: dict[str, object], message: str) -> None:
    call = {"customers": 10, "periods": 2, "rng": np.random.default_rng(1)} | arguments
    with pytest.raises(InvalidInputError, match=message):
        project_retention(fit_sbg(REGULAR), call.pop("customers"), call.pop("periods"), **call)  # type: ignore[arg-type]
