"""How good a forecast of who will leave is, whichever classifier made it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtri
from scipy.stats import rankdata

from customer_centric._core.checks import check_array, check_confidence_level
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, normal_interval, wilson_interval
from customer_centric.typing import BoolArray, FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ChurnForecastScore", "ForecastMeasure", "score_churn_forecast"]


@dataclass(frozen=True, slots=True)
class ForecastMeasure:
    """One measure of a forecast with its bounds.

    Parameters
    ----------
    value : float
        The measure; NaN or infinite where `reason` says why.
    interval : Interval or None
        Bounds of what it would be for many customers like these; None where `reason` says why.
    reason : str or None
        Why something is missing.
    """

    value: float
    interval: Interval | None
    reason: str | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChurnForecastScore:
    """How good a forecast of churn was.

    Parameters
    ----------
    n, n_churned : int
        Customers, and those of them who left.
    brier : ForecastMeasure
        Mean squared difference of probability and outcome, in [0, 1]; lower is better.
    brier_skill : ForecastMeasure
        One less the score over that of giving everybody the churn share: 1 perfect, 0 no better, may be
        negative.
    log_loss : ForecastMeasure
        Mean of minus the log of the probability of what happened; lower is better.
    auc : ForecastMeasure
        Probability that a customer who left had the higher probability of two, ties half: how well they are
        ranked. It says nothing about the probabilities themselves.
    calibration_in_the_large : ForecastMeasure
        Customers who left over customers expected to leave; 1 is right.
    calibration_intercept, calibration_slope : ForecastMeasure
        Of the log odds of leaving on the log odds forecast: the intercept at slope 1, where 0 is right, and
        the slope, where 1 is right and less means that probabilities are too extreme.
    lift : pandas.DataFrame
        By share of customers, riskiest first: `fraction`, `n`, `churned`, `churn_share`, `lift` over all
        customers, `lower`, `upper`. Customers with equal probabilities share their place. The bounds take
        the churn share of all customers as known, so they are a little too wide for large fractions.
    reliability : pandas.DataFrame
        Groups of customers by probability: `n`, mean `probability`, `churn_share`, `lower`, `upper`.
    """

    n: int
    n_churned: int
    brier: ForecastMeasure
    brier_skill: ForecastMeasure
    log_loss: ForecastMeasure
    auc: ForecastMeasure
    calibration_in_the_large: ForecastMeasure
    calibration_intercept: ForecastMeasure
    calibration_slope: ForecastMeasure
    lift: pd.DataFrame
    reliability: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """The measures: a row each with `value`, `lower`, `upper`."""
        import pandas as pd

        names = (
            *("brier", "brier_skill", "log_loss", "auc"),
            *("calibration_in_the_large", "calibration_intercept", "calibration_slope"),
        )
        rows: dict[str, tuple[float, float, float]] = {}
        for name in names:
            measure: ForecastMeasure = getattr(self, name)
            bounds = measure.interval
            lower, upper = (math.nan, math.nan) if bounds is None else (bounds.lower, bounds.upper)
            rows[name] = (measure.value, lower, upper)
        return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "lower", "upper"])

    def _repr_html_(self) -> str:
        table = self.to_frame().to_html(float_format="{:.4f}".format, border=0)
        return f"<p>{self.n:,} customers, {self.n_churned:,} of them left</p>{table}"


def score_churn_forecast(
    churned: ArrayLike, probability: ArrayLike, *, confidence_level: float = 0.95
) -> ChurnForecastScore:
    r"""Judge probabilities of churn by what happened.

    Parameters
    ----------
    churned : array_like of shape (n_customers,)
        Whether each customer left: True or False, 1 or 0. Of customers whom the classifier had not seen, in a
        window after the one its inputs were measured in.
    probability : array_like of shape (n_customers,)
        What was forecast, in [0, 1].
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    ChurnForecastScore
        Accuracy, ranking and calibration, each with its interval.

    Raises
    ------
    InvalidInputError
        If a probability is outside [0, 1], an outcome is neither 0 nor 1, the lengths differ or there are no
        customers.

    Notes
    -----
    With outcomes \(y_i\), probabilities \(p_i\) and the churn share \(\bar y\),

    \[ \mathrm{Brier} = \frac{1}{n} \sum_i (p_i - y_i)^2, \quad
       \mathrm{skill} = 1 - \frac{\mathrm{Brier}}{\bar y (1 - \bar y)}, \quad
       \mathrm{loss} = -\frac{1}{n} \sum_i \ln\bigl(p_i^{y_i} (1 - p_i)^{1 - y_i}\bigr) . \]

    Intervals are normal with the variance over customers; that of the AUC is DeLong's, on the logit scale.

    References
    ----------
    Brier, G. W. (1950), Verification of forecasts expressed in terms of probability.
    [doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2](https://doi.org/10.1175/1520-0493%281950%29078%3C0001:VOFEIT%3E2.0.CO;2).

    DeLong, E. R., DeLong, D. M. and Clarke-Pearson, D. L. (1988), Comparing the areas under two or more
    correlated receiver operating characteristic curves. [doi:10.2307/2531595](https://doi.org/10.2307/2531595).

    Cox, D. R. (1958), Two further applications of a model for binary regression.
    [doi:10.1093/biomet/45.3-4.562](https://doi.org/10.1093/biomet/45.3-4.562), for intercept and slope.

    Examples
    --------
    >>> left = [1, 0, 1, 0, 0, 1, 0, 0, 0, 0]
    >>> score = score_churn_forecast(left, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05])
    >>> round(score.brier.value, 4), round(score.auc.value, 4)
    (0.1852, 0.8095)
    """
    check_confidence_level(confidence_level)
    y, p = check_outcomes(churned, probability)
    squares = (p - y) ** 2
    with np.errstate(divide="ignore"):
        losses = -np.log(np.where(y == 1, p, 1.0 - p))
    return ChurnForecastScore(
        n=y.size,
        n_churned=int(y.sum()),
        brier=_mean(squares, confidence_level, most=1.0),
        brier_skill=_skill(y, squares, confidence_level),
        log_loss=_mean(losses, confidence_level, most=None),
        auc=_auc(y, p, confidence_level),
        calibration_in_the_large=_in_the_large(y, p, confidence_level),
        calibration_intercept=_recalibration(y, p, confidence_level, slope=False),
        calibration_slope=_recalibration(y, p, confidence_level, slope=True),
        lift=_lift(y, p, confidence_level),
        reliability=_reliability(y, p, confidence_level),
    )


def check_outcomes(churned: ArrayLike, probability: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Outcomes as 0 and 1, and probabilities."""
    raw = np.asarray(churned)
    numbers = raw.astype(np.float64) if raw.dtype.kind == "b" else raw
    y = check_array("churned", numbers, minimum=0.0, maximum=1.0, whole=True)
    p = check_array("probability", probability, minimum=0.0, maximum=1.0)
    if y.ndim != 1 or y.shape != p.shape:
        raise InvalidInputError(
            f"`churned` and `probability` must have one value a customer, got shapes {y.shape} and {p.shape}"
        )
    if y.size == 0:
        raise InvalidInputError("`churned` must have at least one customer, got none")
    return y, p


def _normal(value: float, error: float, level: float, least: float | None, most: float | None) -> Interval:
    reach = float(ndtri(0.5 * (1.0 + level))) * error
    lower = value - reach if least is None else max(value - reach, least)
    return Interval(lower, value + reach if most is None else min(value + reach, most), level)


def _error(influence: FloatArray) -> float:
    """Standard error of a mean with these influences."""
    n = influence.size
    return float(np.sqrt(influence.var(ddof=1) / n)) if n > 1 else math.nan


def _mean(values: FloatArray, level: float, *, most: float | None) -> ForecastMeasure:
    value = float(values.mean())
    if not math.isfinite(value):
        return ForecastMeasure(value, None, "something happened that was given the probability 0")
    error = _error(values)
    if not error > 0:
        return ForecastMeasure(value, None, "all customers have the same loss, so nothing shows its spread")
    return ForecastMeasure(value, _normal(value, error, level, 0.0, most))


def _skill(y: FloatArray, squares: FloatArray, level: float) -> ForecastMeasure:
    share = float(y.mean())
    spread = share * (1.0 - share)
    if spread == 0:
        return ForecastMeasure(math.nan, None, "all customers left, or none did: there is nothing to beat")
    score = float(squares.mean())
    influence = -squares / spread + score / spread**2 * (1.0 - 2.0 * share) * y
    error = _error(influence)
    if not error > 0:
        return ForecastMeasure(1.0 - score / spread, None, "all customers have the same loss")
    return ForecastMeasure(1.0 - score / spread, _normal(1.0 - score / spread, error, level, None, 1.0))


def _auc(y: FloatArray, p: FloatArray, level: float) -> ForecastMeasure:
    left, stayed = p[y == 1], p[y == 0]
    m, n = left.size, stayed.size
    if m == 0 or n == 0:
        return ForecastMeasure(math.nan, None, "all customers left, or none did: there are no pairs to rank")
    # How many of the others each beats, ties half: ranks among all less ranks among one's own.
    together = rankdata(np.concatenate([left, stayed]))
    wins = (together[:m] - rankdata(left)) / n
    losses = 1.0 - (together[m:] - rankdata(stayed)) / m
    value = float(wins.mean())
    variance = float(wins.var(ddof=1) / m if m > 1 else 0.25) + float(
        losses.var(ddof=1) / n if n > 1 else 0.25
    )
    if variance > 0:
        lower, upper = normal_interval(value, math.sqrt(variance), confidence_level=level, scale="logit")
    else:
        # All pairs are ranked alike: as sure as that many customers of the smaller kind make it.
        few = min(m, n)
        lower, upper = wilson_interval(value * few, few, confidence_level=level)
    return ForecastMeasure(value, Interval(float(lower), float(upper), level))


def _in_the_large(y: FloatArray, p: FloatArray, level: float) -> ForecastMeasure:
    expected = float(p.sum())
    if expected == 0:
        return ForecastMeasure(math.nan, None, "nobody was expected to leave")
    ratio = float(y.sum()) / expected
    lower, upper = wilson_interval(float(y.sum()), y.size, confidence_level=level)
    scale = y.size / expected
    return ForecastMeasure(ratio, Interval(float(lower) * scale, float(upper) * scale, level))


def _recalibration(y: FloatArray, p: FloatArray, level: float, *, slope: bool) -> ForecastMeasure:
    extreme = (p <= 0) | (p >= 1)
    if extreme.any():
        reason = f"{int(extreme.sum())} probabilities are exactly 0 or 1, whose log odds are infinite"
        return ForecastMeasure(math.nan, None, reason)
    if y.min() == y.max():
        return ForecastMeasure(math.nan, None, "all customers left, or none did")
    z = np.asarray(logit(p))
    if slope and np.ptp(z) == 0:
        return ForecastMeasure(math.nan, None, "all probabilities are equal")
    if slope and _separates(y, z):
        return ForecastMeasure(math.inf, None, "the probabilities separate who left from who stayed")
    shift, shift_error = _shift(y, z)
    if not slope:
        return ForecastMeasure(shift, _normal(shift, shift_error, level, None, None))
    try:
        value, error = _slope(y, z, shift)
    except np.linalg.LinAlgError:
        return ForecastMeasure(math.nan, None, "the probabilities are too extreme for what happened")
    return ForecastMeasure(value, _normal(value, error, level, None, None))


def _shift(y: FloatArray, z: FloatArray) -> tuple[float, float]:
    """What must be added to the log odds for as many to leave as did, and its standard error."""
    total = float(y.sum())
    # So far out everybody, or nobody, is expected to leave.
    shift = float(brentq(lambda a: float(expit(z + a).sum()) - total, -z.max() - 40.0, -z.min() + 40.0))
    mean = expit(z + shift)
    return shift, 1.0 / math.sqrt(float((mean * (1.0 - mean)).sum()))


def _separates(y: FloatArray, z: FloatArray) -> bool:
    left, stayed = z[y == 1], z[y == 0]
    return bool(left.min() >= stayed.max() or left.max() <= stayed.min())


def _slope(y: FloatArray, z: FloatArray, shift: float) -> tuple[float, float]:
    """Slope of a logistic regression on the log odds and its standard error, by damped Newton steps."""
    # Centred, so that both coefficients are learnt apart.
    columns = np.column_stack([np.ones_like(z), z - z.mean()])

    def value(at: FloatArray) -> float:
        eta = columns @ at
        return float(y @ eta - np.logaddexp(0.0, eta).sum())

    theta: FloatArray = np.array([shift + float(z.mean()), 1.0])
    for _ in range(100):
        gradient, information = _score(y, columns, theta)
        step: FloatArray = np.linalg.solve(information, gradient).astype(np.float64)
        size = 1.0
        while value(theta + size * step) < value(theta) - 1e-12 and size > 1e-6:
            size *= 0.5
        theta = np.asarray(theta + size * step, dtype=np.float64)
        if float(np.abs(step).max()) < 1e-10:
            break
    variance = float(np.linalg.inv(_score(y, columns, theta)[1])[1, 1])
    if not 0.0 < variance < math.inf:
        raise np.linalg.LinAlgError
    return float(theta[1]), math.sqrt(variance)


def _score(y: FloatArray, columns: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gradient and information of a logistic regression."""
    mu = np.asarray(expit(columns @ theta), dtype=np.float64)
    information = columns.T @ (columns * (mu * (1.0 - mu))[:, None])
    return np.asarray(columns.T @ (y - mu)), np.asarray(information)


def _lift(y: FloatArray, p: FloatArray, level: float) -> pd.DataFrame:
    import pandas as pd

    order = np.argsort(-p, kind="stable")
    # Customers with equal probabilities are equally likely to be among the targeted.
    _, tie = np.unique(-p[order], return_inverse=True)
    shared = (np.bincount(tie, y[order]) / np.bincount(tie))[tie]
    caught = np.append(0.0, np.cumsum(shared))
    fractions = np.round(np.arange(1, 11) / 10, 1)
    sizes = np.maximum(np.rint(fractions * y.size), 1.0)
    churned = caught[sizes.astype(np.intp)]
    base = float(y.mean())
    lower, upper = wilson_interval(np.minimum(churned, sizes), sizes, confidence_level=level)
    over = base if base > 0 else math.nan
    return pd.DataFrame(
        {
            "fraction": fractions,
            "n": sizes.astype(np.int64),
            "churned": churned,
            "churn_share": churned / sizes,
            "lift": churned / sizes / over,
            "lower": lower / over,
            "upper": upper / over,
        }
    )


def _reliability(y: FloatArray, p: FloatArray, level: float) -> pd.DataFrame:
    import pandas as pd

    # Tenths of the customers; those with equal probabilities stay together.
    edges = np.unique(np.quantile(p, np.linspace(0, 1, 11)[1:-1]))
    group = np.searchsorted(edges, p, side="left")
    n = np.bincount(group, minlength=edges.size + 1).astype(np.float64)
    filled: BoolArray = n > 0
    n, churned = n[filled], np.bincount(group, y, edges.size + 1)[filled]
    mean = np.bincount(group, p, edges.size + 1)[filled] / n
    lower, upper = wilson_interval(churned, n, confidence_level=level)
    return pd.DataFrame(
        {
            "n": n.astype(np.int64),
            "probability": mean,
            "churn_share": churned / n,
            "lower": lower,
            "upper": upper,
        }
    )
