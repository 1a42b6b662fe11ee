"""Which model should be believed? Fit on one stretch of time, judge on the next."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from customer_centric._core.checks import check_confidence_level
from customer_centric.clv._holdout import (
    FittedModel,
    HasHoldout,
    HoldoutForecast,
    check_model_unit,
    holdout_counts,
    is_fitted,
    model_forecast,
    naive_forecast,
)
from customer_centric.clv._scoring import (
    calibration_log_likelihood,
    holdout_score,
    mean_and_error,
    pit_draws,
)
from customer_centric.clv.bg_nbd import fit_bg_nbd
from customer_centric.clv.counts import HistoryCounts, HoldoutCounts
from customer_centric.clv.mbg_nbd import fit_mbg_nbd
from customer_centric.clv.nbd import fit_nbd
from customer_centric.clv.pareto_nbd import fit_pareto_nbd
from customer_centric.clv.scores import HoldoutScore
from customer_centric.errors import ConvergenceError, InvalidInputError, ModelWarning
from customer_centric.typing import FloatArray, TransactionModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Backtest", "ScoreDifference", "backtest"]

BASELINE: Final = "buys as before"

Contestant: TypeAlias = "TransactionModel | FittedModel | Callable[[HistoryCounts], FittedModel]"


@dataclass(frozen=True, slots=True)
class ScoreDifference:
    """How far two log-scores are apart, and how sure that is.

    Parameters
    ----------
    difference : float
        Log-score of the first less that of the second: greater than 0 where the first is better.
    standard_error : float
        Of the difference, customer by customer; infinite for one customer.
    """

    difference: float
    standard_error: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Backtest:
    """Forecasts side by side, judged on a holdout they had not seen.

    Parameters
    ----------
    scores : tuple of HoldoutScore
        One a model, best log-score first.
    baseline : HoldoutScore
        Of the naive forecast that everybody buys as before.
    preferred : str
        Name of the model to use: best log-score, or one with fewer parameters within one standard error
        of the difference.
    reason : str
        Why, in plain English.
    failures : tuple of (str, str)
        Names of the models whose fit found no optimum, with the message.
    holdout : HoldoutCounts
        The distinct histories with what came after them, which everything was computed from.
    confidence_level : float
        Nominal coverage of the intervals.
    """

    scores: tuple[HoldoutScore, ...]
    baseline: HoldoutScore
    preferred: str
    reason: str
    failures: tuple[tuple[str, str], ...]
    holdout: HoldoutCounts
    confidence_level: float

    @property
    def names(self) -> tuple[str, ...]:
        """The models, best log-score first, and the baseline."""
        return (*(score.name for score in self.scores), self.baseline.name)

    def score(self, name: str | None = None) -> HoldoutScore:
        """Everything about one forecast.

        Parameters
        ----------
        name : str, optional
            One of `names`; the preferred model by default.

        Returns
        -------
        HoldoutScore
            Its errors, log-score and tables.

        Raises
        ------
        InvalidInputError
            If there is no forecast of that name.
        """
        wanted = self.preferred if name is None else name
        for score in (*self.scores, self.baseline):
            if score.name == wanted:
                return score
        known = ", ".join(repr(known) for known in self.names)
        raise InvalidInputError(f"`name` must be one of {known}, got {name!r}")

    def compare(self, first: str, second: str) -> ScoreDifference:
        """Difference of two log-scores with its standard error, paired by customer.

        Parameters
        ----------
        first, second : str
            Two of `names`.

        Returns
        -------
        ScoreDifference
            First less second.

        Raises
        ------
        InvalidInputError
            If there is no forecast of that name.
        """
        gain = self.score(first).log_probabilities - self.score(second).log_probabilities
        return ScoreDifference(*mean_and_error(gain, self.holdout.weight))

    def to_frame(self) -> pd.DataFrame:
        """One row a forecast, best log-score first, the baseline last.

        Returns
        -------
        pandas.DataFrame
            The numbers of `HoldoutScore` by their names, with `total_lower` and `total_upper` of its
            interval, and `pit_distance`.
        """
        import pandas as pd

        rows = [
            {column: getattr(score, column) for column in _COLUMNS}
            | {
                "total_lower": score.total_interval.lower,
                "total_upper": score.total_interval.upper,
                "pit_distance": score.pit.distance,
            }
            for score in (*self.scores, self.baseline)
        ]
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        shown = self.to_frame()[list(_SHOWN)].to_html(index=False, float_format="{:.4f}".format, border=0)
        return f"<p>{escape(self.reason)}</p>{shown}"


_SHOWN: Final = (
    "name",
    "n_parameters",
    "log_score",
    "behind",
    "behind_error",
    "expected_total",
    "actual_total",
    "mean_absolute_error",
    "gini",
)
_COLUMNS: Final = (
    "name",
    "n_parameters",
    "log_likelihood",
    "aic",
    "bic",
    "log_score",
    "log_score_error",
    "behind",
    "behind_error",
    "expected_total",
    "actual_total",
    "total_error",
    "mean_absolute_error",
    "bias",
    "root_mean_squared_error",
    "gini",
)


def backtest(
    histories: HasHoldout | HoldoutCounts,
    models: Mapping[str, Contestant] | None = None,
    *,
    rng: np.random.Generator,
    confidence_level: float = 0.95,
) -> Backtest:
    r"""Judge models on what customers did after the time that the models were fitted to.

    Parameters
    ----------
    histories : PurchaseHistories or HoldoutCounts
        Purchase histories that were split at a `calibration_end`.
    models : mapping of str to TransactionModel, Fit or fit function, optional
        What to compare, by name: functions such as `fit_bg_nbd` are fitted to the calibration; a `Fit`
        must have been; a bare model is taken as it is. By default BG/NBD, MBG/NBD, Pareto/NBD and NBD.
    rng : numpy.random.Generator
        Source of randomness of the randomised PIT; nothing else is random.
    confidence_level : float, default 0.95
        Nominal coverage of every interval, strictly between 0 and 1.

    Returns
    -------
    Backtest
        A `HoldoutScore` for each model and for the naive baseline, the preferred model, and why.

    Raises
    ------
    InvalidInputError
        If there is no holdout, its length is 0 for a customer, nobody was observed before it, a model is
        in another unit, or a name is taken.
    ConvergenceError
        If no model could be fitted. A fit that fails beside others that do not is listed in `failures`.

    Warns
    -----
    ModelWarning
        If a `Fit` was made on other histories than the calibration: it may have seen the holdout.

    Notes
    -----
    With \(n_i\) the purchases of customer \(i\) in a holdout of length \(t\), each model is judged by its
    **log-score**, the mean over customers of

    \[ \ell_i = \ln P(N = n_i \mid x_i, t_{x,i}, T_i;\ t), \]

    which is highest in expectation for the true distribution and for no other (it is strictly proper). The
    standard error of a difference of two scores is that of the mean of
    \(\ell_i^{(1)} - \ell_i^{(2)}\). The preferred model is the best one, or the one with the
    fewest parameters among those that are behind it by at most one such standard error.

    The **naive baseline** expects \(x_i / T_i \cdot t\) purchases (the average rate where \(T_i\) is 0). As a
    rate of 0 would call every purchase impossible, its distribution is Poisson with mean

    \[ \frac{x_i + \frac12}{T_i + \frac12 / \bar\lambda} \, t, \qquad
    \bar\lambda = \frac{\sum_i x_i + \frac12}{\sum_i T_i} : \]

    half a purchase is added, at the average rate.

    The **randomised PIT** is \(P(N < n_i) + V_i\, P(N = n_i)\), with \(V_i\) uniform on (0, 1), and is itself
    uniform where the model is right.

    Customers with the same history and the same holdout are one row with a weight, so that a million of
    them take little more than the fits do.

    References
    ----------
    Gneiting, T. and Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and estimation. Journal
    of the American Statistical Association 102(477), 359-378. DOI 10.1198/016214506000001437.

    Czado, C., Gneiting, T. and Held, L. (2009). Predictive model assessment for count data. Biometrics
    65(4), 1254-1261. DOI 10.1111/j.1541-0420.2009.01191.x.

    Examples
    --------
    >>> import numpy as np
    >>> from customer_centric import backtest, summarise_transactions
    >>> from customer_centric.datasets import load_cdnow_sample
    >>> histories = summarise_transactions(
    ...     load_cdnow_sample(),
    ...     customer="customer",
    ...     date="date",
    ...     end="1998-06-30",
    ...     calibration_end="1997-09-30",
    ...     unit="week",
    ... )
    >>> judged = backtest(histories, rng=np.random.default_rng(1))
    >>> judged.preferred
    'MBG/NBD'
    >>> judged.to_frame()[["name", "log_score", "expected_total"]].round(3)
                 name  log_score  expected_total
    0         MBG/NBD     -0.982        1576.728
    1          BG/NBD     -0.984        1653.409
    2      Pareto/NBD     -0.987        1665.513
    3             NBD     -1.064        2929.820
    4  buys as before     -1.259        2930.101
    """
    check_confidence_level(confidence_level)
    holdout = holdout_counts(histories)
    entries = _check_models(models)
    fitted, failures = _fit_all(entries, holdout)
    forecasts = {
        name: model_forecast(entry.model, entry.covariance, holdout) for name, entry in fitted.items()
    }
    # Python's sort is stable: equal scores stay in the order of `models`.
    ranked = sorted(forecasts, key=lambda name: -(holdout.weight @ forecasts[name].log_probability))
    best = forecasts[ranked[0]].log_probability
    draws = pit_draws(holdout.weight, rng)

    def judge(name: str, forecast: HoldoutForecast, entry: _Entry | None) -> HoldoutScore:
        return holdout_score(
            name,
            forecast,
            holdout,
            model=None if entry is None else entry.model,
            boundary=None if entry is None else entry.boundary,
            best=best,
            draws=draws,
            confidence_level=confidence_level,
        )

    scores = tuple(judge(name, forecasts[name], fitted[name]) for name in ranked)
    baseline = judge(BASELINE, naive_forecast(holdout), None)
    preferred = _preferred(scores)
    return Backtest(
        scores=scores,
        baseline=baseline,
        preferred=preferred.name,
        reason=_reason(preferred, scores, baseline, holdout.n_customers),
        failures=failures,
        holdout=holdout,
        confidence_level=confidence_level,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A model, with its covariance where it was fitted."""

    model: TransactionModel
    covariance: FloatArray | None = None
    boundary: str | None = None


def _check_models(models: Mapping[str, Contestant] | None) -> Mapping[str, Contestant]:
    if models is None:
        return {
            "BG/NBD": fit_bg_nbd,
            "MBG/NBD": fit_mbg_nbd,
            "Pareto/NBD": fit_pareto_nbd,
            "NBD": fit_nbd,
        }
    if not isinstance(models, Mapping) or not models:
        raise InvalidInputError(
            "`models` must be a mapping of at least one name to a model, a fit or a fit function, "
            f"got {models!r}; for instance {{'MBG/NBD': fit_mbg_nbd}}"
        )
    if BASELINE in models:
        raise InvalidInputError(f"`models` must not use the name of the baseline, got {BASELINE!r}")
    return models


def _fit_all(
    entries: Mapping[str, Contestant], holdout: HoldoutCounts
) -> tuple[dict[str, _Entry], tuple[tuple[str, str], ...]]:
    calibration = holdout.calibration
    fitted: dict[str, _Entry] = {}
    failures: list[tuple[str, str]] = []
    for name, contestant in entries.items():
        try:
            fitted[name] = _enter(name, contestant, calibration, holdout)
        except ConvergenceError as error:
            failures.append((name, str(error)))
    if not fitted:
        told = "; ".join(f"{name}: {message}" for name, message in failures)
        raise ConvergenceError(f"no model could be fitted to the calibration: {told}")
    return fitted, tuple(failures)


def _enter(name: str, contestant: Contestant, calibration: HistoryCounts, holdout: HoldoutCounts) -> _Entry:
    if callable(contestant):
        fit = contestant(calibration)
    elif is_fitted(contestant):
        fit = contestant
        _warn_unless_calibrated(name, fit, holdout)
    elif hasattr(contestant, "purchase_pmf"):
        check_model_unit(f"models[{name!r}]", contestant, holdout.unit)
        return _Entry(contestant)
    else:
        raise InvalidInputError(
            f"`models[{name!r}]` must be a transaction model, a fit or a fit function, "
            f"got {type(contestant).__name__}"
        )
    check_model_unit(f"models[{name!r}]", fit.model, holdout.unit)
    return _Entry(fit.model, fit.covariance, fit.boundary)


def _warn_unless_calibrated(name: str, fit: FittedModel, holdout: HoldoutCounts) -> None:
    """A fit that knows the holdout passes every test in it."""
    if fit.model.unit != holdout.unit:
        return
    here = calibration_log_likelihood(fit.model, holdout)
    if not np.isclose(here, fit.log_likelihood, rtol=1e-9, atol=1e-6):
        warnings.warn(
            f"`models[{name!r}]` was fitted to other histories than the calibration (log-likelihood "
            f"{fit.log_likelihood:,.4f} there, {here:,.4f} here), so it may have seen the holdout; "
            "give the fit function instead, or the bare model where that is intended",
            ModelWarning,
            stacklevel=5,
        )


def _preferred(scores: tuple[HoldoutScore, ...]) -> HoldoutScore:
    close = [score for score in scores if score.behind <= score.behind_error]
    return min(close, key=lambda score: score.n_parameters)


def _reason(
    preferred: HoldoutScore, scores: tuple[HoldoutScore, ...], baseline: HoldoutScore, n_customers: float
) -> str:
    best = scores[0]
    if len(scores) == 1:
        why = f"{preferred.name} is the only model, with a log-score of {preferred.log_score:.4f}"
    elif preferred is best:
        why = (
            f"{best.name} gave the highest probability to what customers did in the holdout (log-score "
            f"{best.log_score:.4f}), and no model with fewer parameters comes within one standard error of it"
        )
    elif n_customers <= 1:
        why = (
            f"one customer cannot tell models apart, so {preferred.name} is preferred for its few parameters "
            f"({preferred.n_parameters})"
        )
    else:
        why = (
            f"{best.name} has the best log-score ({best.log_score:.4f}), but {preferred.name} is behind it "
            f"by {preferred.behind:.4f} only, within one standard error ({preferred.behind_error:.4f}), "
            f"and has fewer parameters ({preferred.n_parameters} against {best.n_parameters})"
        )
    return f"{why[0].upper()}{why[1:]}. {_against_baseline(preferred, baseline)}"


def _against_baseline(preferred: HoldoutScore, baseline: HoldoutScore) -> str:
    gain = preferred.log_score - baseline.log_score
    if gain > 0:
        return f"It beats the naive forecast that everybody buys as before by {gain:.4f} a customer."
    return (
        "It does not beat the naive forecast that everybody buys as before (behind by "
        f"{-gain:.4f} a customer): trust its forecasts of single customers no more than that one."
    )
