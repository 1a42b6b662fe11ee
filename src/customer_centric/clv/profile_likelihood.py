"""Intervals of parameters from the likelihood itself, where symmetric ones promise too much."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from scipy.special import ndtri

from customer_centric._core.checks import check_confidence_level
from customer_centric._core.likelihood import Score, profile_bounds
from customer_centric.clv import _beta_geometric, _gamma_poisson, _pareto, _spend_likelihood
from customer_centric.clv._counted import HasHistories, HasSpend, history_counts, spend_counts
from customer_centric.clv.bg_nbd import BgNbd
from customer_centric.clv.counts import HistoryCounts
from customer_centric.clv.gamma_gamma import GammaGamma
from customer_centric.clv.mbg_nbd import MbgNbd
from customer_centric.clv.nbd import Nbd
from customer_centric.clv.pareto_nbd import ParetoNbd
from customer_centric.errors import InvalidInputError
from customer_centric.fitting import Fit
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["likelihood_intervals"]

FittedHere: TypeAlias = Fit[BgNbd] | Fit[MbgNbd] | Fit[ParetoNbd] | Fit[Nbd] | Fit[GammaGamma]
_Score: TypeAlias = Callable[[FloatArray, int], Score]


def likelihood_intervals(
    fit: FittedHere, histories: HasHistories | HasSpend, *, confidence_level: float = 0.95
) -> pd.DataFrame:
    r"""Profile-likelihood intervals of the parameters of a fit.

    `Fit.summary` costs nothing and takes the log-likelihood for a parabola. With some thousands of customers
    it is not one yet, and intervals that follow its true shape keep their promise better.

    Parameters
    ----------
    fit : Fit
        What `fit_bg_nbd`, `fit_mbg_nbd`, `fit_pareto_nbd`, `fit_nbd` or `fit_gamma_gamma` returned.
    histories : PurchaseHistories, HistoryCounts or SpendCounts
        What it was fitted to.
    confidence_level : float, default 0.95
        Nominal coverage of each interval, strictly between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        A row a parameter; columns `estimate`, `lower`, `upper`. A bound is 0 (1 for q) or infinite where the
        data do not exclude it.

    Raises
    ------
    InvalidInputError
        If the histories are not those of the fit, or the model is not one of this package.

    Notes
    -----
    With \(\ell_j(\theta)\) the highest log-likelihood at which parameter \(j\) is \(\theta\), the interval is

    \[ \{ \theta : \ell_j(\theta) \ge \ell(\hat\theta) - \tfrac12 z^2 \} , \]

    z the normal quantile: it turns with every change of scale, and is symmetric on none.

    References
    ----------
    Venzon, D. J. and Moolgavkar, S. H. (1988). A method for computing profile-likelihood-based confidence
    intervals. Applied Statistics 37(1), 87-94. DOI 10.2307/2347496.

    Examples
    --------
    >>> from customer_centric import fit_mbg_nbd, likelihood_intervals, summarise_transactions
    >>> from customer_centric.datasets import load_cdnow_sample
    >>> histories = summarise_transactions(
    ...     load_cdnow_sample(), customer="customer", date="date", end="1997-09-30", unit="week"
    ... )
    >>> likelihood_intervals(fit_mbg_nbd(histories), histories).round(2)
               estimate  lower  upper
    parameter
    r              0.52   0.40   0.73
    alpha          6.18   5.02   7.83
    a              0.89   0.66   1.34
    b              1.61   0.93   3.38
    """
    import pandas as pd

    check_confidence_level(confidence_level)
    score, offset = _score_of(fit, histories)
    parameters = fit.model.parameters
    value = score(parameters, 1).value
    if not np.isclose(value, fit.log_likelihood, rtol=1e-9, atol=1e-6):
        raise InvalidInputError(
            f"`histories` must be those of the fit, with log-likelihood {fit.log_likelihood:.4f}, got "
            f"{value:.4f}; fit the model to these histories first"
        )
    # From the logarithms of the parameters to those of what exceeds the offset.
    spread = np.sqrt(np.diag(fit.covariance)) * parameters / (parameters - offset)
    drop = float(ndtri((1 + confidence_level) / 2)) ** 2 / 2
    lower, upper = profile_bounds(score, parameters, spread, drop=drop, offset=offset)
    return pd.DataFrame(
        {"estimate": parameters, "lower": lower, "upper": upper},
        index=pd.Index(fit.model.parameter_names, name="parameter"),
    )


def _score_of(fit: FittedHere, histories: HasHistories | HasSpend) -> tuple[_Score, FloatArray]:
    """The log-likelihood that the fit is the optimum of, and the lower bounds of its parameters."""
    model = fit.model
    if isinstance(model, GammaGamma):
        spend = spend_counts(cast("HasSpend", histories))
        return lambda parameters, stride: _spend_likelihood.score(parameters, spend, stride), np.array(
            [0.0, 1.0, 0.0]
        )
    scores: dict[type, Callable[[FloatArray, HistoryCounts, int], Score]] = {
        BgNbd: partial(_beta_geometric.score, z=0),
        MbgNbd: partial(_beta_geometric.score, z=1),
        ParetoNbd: _pareto.score,
        Nbd: _gamma_poisson.score,
    }
    if type(model) not in scores:
        raise InvalidInputError(
            f"`fit` must be of a model of this package, got {type(model).__name__}; use its `summary`"
        )
    score, counts = scores[type(model)], history_counts(cast("HasHistories", histories))
    return lambda parameters, stride: score(parameters, counts, stride), np.zeros(len(model.parameter_names))
