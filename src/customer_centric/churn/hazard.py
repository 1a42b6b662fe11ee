"""Who leaves when, and what goes with it: a regression for the chance of leaving in each period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, ndtr

from customer_centric._core.checks import check_array, check_choice, check_confidence_level
from customer_centric._core.frames import LazyFrame, MemoryFrame, check_columns, engine_of, is_lazy
from customer_centric._core.tabulate import sum_by
from customer_centric.errors import ConvergenceError, InvalidInputError
from customer_centric.intervals.normal import normal_quantile
from customer_centric.typing import FloatArray, FrameT, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ChurnHazard", "fit_churn_hazard"]

Link: TypeAlias = Literal["logit", "cloglog"]

# A chance of leaving of e^-20 is no chance: such log odds only occur where there is no optimum.
_FARTHEST_LOG_ODDS: Final = 20.0
# Squares of larger numbers overflow.
_LARGEST_COVARIATE: Final = 1e150


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ChurnHazard:
    """Chance of leaving in each period, by tenure and by what is known of the customer.

    Parameters
    ----------
    tenures : ndarray of shape (n_tenures,)
        Tenures with a baseline of their own, ascending.
    covariates : tuple of str
        Names of the covariates.
    baseline : ndarray of shape (n_tenures,)
        Linear predictor of a customer with all covariates at 0, by tenure.
    coefficients : ndarray of shape (n_covariates,)
        Change of the linear predictor a unit of each covariate.
    covariance : ndarray of shape (n_tenures + n_covariates, n_tenures + n_covariates)
        Covariance of baseline and coefficients, robust to what the periods of a customer have in common.
    effects : ndarray of shape (n_covariates,)
        Average effect of each covariate over all rows, in points of churn a period (0.01 is one point): for a
        covariate of zeros and ones churn at 1 less churn at 0, for others the slope a unit.
    effect_errors : ndarray of shape (n_covariates,)
        Standard errors of these.
    link : {"logit", "cloglog"}
        Log odds, or the complementary log-log of proportional hazards.
    log_likelihood : float
        Log-likelihood at the maximum.
    n_rows, n_customers, n_lost : int
        Periods of customers, customers, and those who left.
    """

    tenures: FloatArray
    covariates: tuple[str, ...]
    baseline: FloatArray
    coefficients: FloatArray
    covariance: FloatArray
    effects: FloatArray
    effect_errors: FloatArray
    link: Link
    log_likelihood: float
    n_rows: int
    n_customers: int
    n_lost: int

    def summary(self, *, confidence_level: float = 0.95) -> pd.DataFrame:
        """The covariates: ratios with intervals, tests, and average effects.

        Parameters
        ----------
        confidence_level : float, default 0.95
            Nominal coverage of the intervals, strictly between 0 and 1.

        Returns
        -------
        pandas.DataFrame
            A row a covariate: `coefficient`, `standard_error`, `ratio` (of odds, or of hazards) with `lower`
            and `upper`, `p_value`, `effect` in points of churn a period with `effect_lower` and
            `effect_upper`.
        """
        import pandas as pd

        check_confidence_level(confidence_level)
        z = normal_quantile(confidence_level)
        k = self.tenures.size
        error = np.sqrt(np.diag(self.covariance)[k:])
        # A covariate in a tiny unit may have a ratio beyond all numbers.
        with np.errstate(over="ignore"):
            ratio, lower, upper = np.exp(self.coefficients + z * np.outer([0.0, -1.0, 1.0], error))
        return pd.DataFrame(
            {
                "coefficient": self.coefficients,
                "standard_error": error,
                "ratio": ratio,
                "lower": lower,
                "upper": upper,
                "p_value": 2.0 * ndtr(-np.abs(self.coefficients / error)),
                "effect": self.effects,
                "effect_lower": self.effects - z * self.effect_errors,
                "effect_upper": self.effects + z * self.effect_errors,
            },
            index=pd.Index(self.covariates, name="covariate"),
        )

    def hazard(self, tenure: ArrayLike, values: ArrayLike = ()) -> FloatArray:
        """Chance of leaving in the period after a tenure.

        Parameters
        ----------
        tenure : array_like of shape (n,)
            Tenures that the model was fitted to.
        values : array_like of shape (n, n_covariates) or (n_covariates,)
            Covariates in the order of `covariates`.

        Returns
        -------
        ndarray of float64
            Probabilities in [0, 1].

        Raises
        ------
        InvalidInputError
            If a tenure has no baseline, or the covariates have another number.
        """
        asked = np.atleast_1d(check_array("tenure", tenure))
        place = np.searchsorted(self.tenures, asked)
        known = self.tenures[np.minimum(place, self.tenures.size - 1)] == asked
        if not known.all():
            raise InvalidInputError(
                f"`tenure` must be one that the model was fitted to, got {asked[~known][0]:g}; the baseline "
                "says nothing about others"
            )
        x = np.atleast_2d(check_array("values", values)) if self.covariates else np.zeros((1, 0))
        if x.shape[-1] != len(self.covariates):
            raise InvalidInputError(
                f"`values` must have one number a covariate, got {x.shape[-1]} for {len(self.covariates)}"
            )
        return _mean(self.baseline[place] + x @ self.coefficients, self.link)[0]


def fit_churn_hazard(
    table: FrameT,
    *,
    customer: str,
    tenure: str,
    lost: str,
    covariates: Sequence[str],
    link: Link = "logit",
) -> ChurnHazard:
    r"""Fit the chance of leaving in each period to covariates, with a baseline for each tenure.

    Parameters
    ----------
    table : data frame
        One row for each customer and period in which the customer was at risk of leaving, of any engine.
        Customers who were there before the data begin enter with the tenure they had; covariates may change
        from row to row, and must be known before the period begins. Of a lazy frame the named columns are
        collected.
    customer : str
        Column of customer ids: rows of one customer are not independent.
    tenure : str
        Column of periods since joining: whole numbers, each with a baseline of its own.
    lost : str
        Column that says, by 1 or true, whether the customer left in the period; at most once a
        customer.
    covariates : sequence of str
        Columns of finite numbers, not all equal; for categories 0/1 columns with one left out.
    link : {"logit", "cloglog"}, default "logit"
        Odds ratios, or hazard ratios that are those of a proportional hazards model in continuous time.

    Returns
    -------
    ChurnHazard
        Coefficients, customer-robust covariance, and average effects. Associations, not causes.

    Raises
    ------
    MissingColumnError
        If a column is not in the table.
    InvalidInputError
        If a value is missing or out of range, a covariate does not vary or repeats others, or nobody, or
        everybody, left at some tenure so that its baseline is infinite.
    ConvergenceError
        If the covariates separate who left from who stayed.

    Notes
    -----
    With \(h_{it}\) the chance that customer \(i\) leaves in the period after tenure \(t\),

    \[ g(h_{it}) = \alpha_t + x_{it}' \beta, \qquad
       \ell = \sum_{it} y_{it} \ln h_{it} + (1 - y_{it}) \ln (1 - h_{it}) , \]

    \(g\) the logit or \(\ln(-\ln(1 - h))\). The covariance is the sandwich of the information and the scores
    summed by customer.

    References
    ----------
    Singer, J. D. and Willett, J. B. (1993), It's about time: using discrete-time survival analysis to study
    duration and the timing of events.
    [doi:10.3102/10769986018002155](https://doi.org/10.3102/10769986018002155).

    Liang, K.-Y. and Zeger, S. L. (1986), Longitudinal data analysis using generalized linear models.
    [doi:10.1093/biomet/73.1.13](https://doi.org/10.1093/biomet/73.1.13).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> rows = []
    >>> for customer in range(2000):
    ...     complaints = rng.integers(0, 3)
    ...     for month in range(6):
    ...         left = rng.random() < 0.05 * 1.5**complaints
    ...         rows.append((customer, month, left, complaints))
    ...         if left:
    ...             break
    >>> table = pd.DataFrame(rows, columns=["id", "month", "left", "complaints"])
    >>> fit = fit_churn_hazard(
    ...     table, customer="id", tenure="month", lost="left", covariates=["complaints"]
    ... )
    >>> bool(1.3 < fit.summary().loc["complaints", "ratio"] < 1.8)
    True
    """
    check_choice("link", link, ("logit", "cloglog"))
    if isinstance(covariates, str):
        raise InvalidInputError(
            f"`covariates` must be a sequence of columns, got {covariates!r}; put it in []"
        )
    names = tuple(covariates)
    engine = engine_of("table", table)
    columns: dict[str, str | None] = {"customer": customer, "tenure": tenure, "lost": lost}
    columns |= {f"covariates[{i}]": name for i, name in enumerate(names)}
    frame: MemoryFrame[Any]
    if is_lazy(engine):
        lazy = LazyFrame(table, engine)
        check_columns(lazy.columns, columns)
        frame = lazy.collect(lazy.frame.select(*(nw.col(name) for name in columns.values() if name)))
    else:
        frame = MemoryFrame(table, engine)
        check_columns(frame.columns, columns)
    y = frame.flags(lost, "lost")
    code = np.asarray(frame.ids(customer, "customer").codes, dtype=np.int64)
    time = check_array("tenure", frame.amounts(tenure, "tenure"), whole=True)
    x = np.column_stack([np.zeros((y.size, 0)), *(frame.amounts(name, "covariates") for name in names)])
    return _fit(y, code, time, x, names, link)


def _fit(
    y: FloatArray, code: IntArray, time: FloatArray, x: FloatArray, names: tuple[str, ...], link: Link
) -> ChurnHazard:
    if y.size == 0:
        raise InvalidInputError("`table` must have at least one row, got none")
    _check_once(y, code)
    _check_periods(y, code, time)
    tenures, place = np.unique(time, return_inverse=True)
    _check_baselines(y, place, tenures)
    scale = _check_covariates(x, names)
    # Centred and scaled, so that the information is well conditioned whatever the units.
    centre = x.mean(axis=0)
    design = np.zeros((y.size, tenures.size + x.shape[1]))
    design[np.arange(y.size), place] = 1.0
    design[:, tenures.size :] = (x - centre) / scale
    theta, value, information = _climb(y, design, tenures.size, link)
    mean, slope = _mean(design @ theta, link)
    score = (y - mean) * slope / (mean * (1.0 - mean))
    by_customer = np.column_stack([sum_by(code, score * column, int(code.max()) + 1) for column in design.T])
    n_customers = int(np.unique(code).size)
    inverse = np.linalg.inv(information)
    meat = by_customer.T @ by_customer * (n_customers / max(n_customers - 1, 1))
    covariance = inverse @ meat @ inverse
    back = _back(centre, scale, tenures.size)
    effects, errors = _effects(design, theta, covariance, x, link)
    natural = back @ theta
    return ChurnHazard(
        tenures=tenures,
        covariates=names,
        baseline=natural[: tenures.size],
        coefficients=natural[tenures.size :],
        covariance=back @ covariance @ back.T,
        effects=effects,
        effect_errors=errors,
        link=link,
        log_likelihood=value,
        n_rows=y.size,
        n_customers=n_customers,
        n_lost=int(y.sum()),
    )


def _check_once(y: FloatArray, code: IntArray) -> None:
    losses = sum_by(code, y, int(code.max()) + 1)
    often = int((losses > 1).sum())
    if often:
        raise InvalidInputError(
            f"`lost` must be true at most once a customer, got {int(losses.max())} times for one ({often} "
            "customers); a customer who comes back is another one, with a tenure of 0"
        )


def _check_periods(y: FloatArray, code: IntArray, time: FloatArray) -> None:
    """Each tenure of a customer once, and none after the loss."""
    order = np.lexsort((time, code))
    same = code[order][1:] == code[order][:-1]
    for bad, rule, remedy in (
        (same & (np.diff(time[order]) == 0), "different in each row of a customer", "a period is one row"),
        (
            same & (y[order][:-1] > 0),
            "no longer than that at which the customer was lost",
            "leave out rows after the loss",
        ),
    ):
        rows = order[1:][bad]
        if rows.size:
            first = int(rows.min())
            raise InvalidInputError(
                f"`tenure` must be {rule}, got {time[first]:g} at position {first} ({rows.size} of "
                f"{time.size} values); {remedy}"
            )


def _check_baselines(y: FloatArray, place: IntArray, tenures: FloatArray) -> None:
    lost, n = sum_by(place, y, tenures.size), sum_by(place, np.ones(y.size), tenures.size)
    wrong = np.flatnonzero((lost == 0) | (lost == n))
    if wrong.size:
        at = int(wrong[0])
        who = "nobody" if lost[at] == 0 else "everybody"
        raise InvalidInputError(
            f"`tenure` must have customers who left and who stayed at each value, got {tenures[at]:g} at "
            f"which {who} left ({wrong.size} of {tenures.size} tenures); put such tenures together with "
            "others"
        )


def _check_covariates(x: FloatArray, names: tuple[str, ...]) -> FloatArray:
    check_array("covariates", x, minimum=-_LARGEST_COVARIATE, maximum=_LARGEST_COVARIATE)
    scale = x.std(axis=0)
    still = np.flatnonzero(scale == 0)
    if still.size:
        raise InvalidInputError(
            f"`covariates` must vary, got {names[int(still[0])]!r} with the same value in all rows"
        )
    if x.shape[1]:
        standard = (x - x.mean(axis=0)) / scale
        if np.linalg.matrix_rank(standard, tol=1e-8 * np.sqrt(x.shape[0])) < x.shape[1]:
            raise InvalidInputError(
                "`covariates` must not repeat one another, got columns of which one is a sum of others; "
                "leave one out"
            )
    return np.asarray(scale, dtype=np.float64)


def _mean(eta: FloatArray, link: Link) -> tuple[FloatArray, FloatArray]:
    """Hazard, and its derivative by the linear predictor."""
    if link == "logit":
        mean = np.asarray(expit(eta))
        return mean, mean * (1.0 - mean)
    rate = np.exp(np.clip(eta, -700.0, 30.0))
    return -np.expm1(-rate), rate * np.exp(-rate)


def _climb(
    y: FloatArray, design: FloatArray, n_tenures: int, link: Link
) -> tuple[FloatArray, float, FloatArray]:
    """The maximum of the likelihood, by damped steps of Fisher's scoring."""
    share = float(y.mean())
    start = np.log(share / (1 - share)) if link == "logit" else np.log(-np.log1p(-share))
    theta = np.zeros(design.shape[1])
    theta[:n_tenures] = start
    value = _value(y, design, theta, link)
    for _ in range(200):
        mean, slope = _mean(design @ theta, link)
        spread = np.maximum(mean * (1.0 - mean), 1e-300)
        gradient = design.T @ ((y - mean) * slope / spread)
        information = design.T @ (design * (slope**2 / spread)[:, None])
        # Where the information has run out of digits the step is the shortest, and `apart` ends the climb.
        step = np.linalg.lstsq(information, gradient, rcond=None)[0]
        # At the edge of what separates two groups the gain vanishes too, but the odds are beyond all use.
        apart = float(np.abs(design @ theta).max()) > _FARTHEST_LOG_ODDS
        if float(gradient @ step) < 1e-10 and not apart:
            return theta, value, information
        size = 1.0
        while size > 1e-8 and not _value(y, design, theta + size * step, link) >= value:
            size *= 0.5
        theta = theta + size * step
        value = _value(y, design, theta, link)
        if apart:
            break
    raise ConvergenceError(
        "no finite optimum: the covariates separate who left from who stayed; leave out the covariate that "
        f"does, largest coefficient {float(np.abs(theta).max()):.1f}"
    )


def _value(y: FloatArray, design: FloatArray, theta: FloatArray, link: Link) -> float:
    eta = design @ theta
    if link == "logit":
        return float(y @ eta - np.logaddexp(0.0, eta).sum())
    rate = np.exp(np.clip(eta, -700.0, 30.0))
    return float(y @ np.log(np.maximum(-np.expm1(-rate), 1e-300)) - (1.0 - y) @ rate)


def _back(centre: FloatArray, scale: FloatArray, n_tenures: int) -> FloatArray:
    """From centred and scaled covariates to those of the caller."""
    size = n_tenures + centre.size
    matrix = np.eye(size)
    matrix[n_tenures:, n_tenures:] = np.diag(1.0 / scale)
    matrix[:n_tenures, n_tenures:] = -(centre / scale)[None, :]
    return matrix


def _effects(
    design: FloatArray, theta: FloatArray, covariance: FloatArray, x: FloatArray, link: Link
) -> tuple[FloatArray, FloatArray]:
    """Average effect of each covariate, with the delta method."""
    n_tenures = theta.size - x.shape[1]
    centre, scale = x.mean(axis=0), x.std(axis=0)
    effects, errors = np.zeros(scale.size), np.zeros(scale.size)
    for j, (middle, unit) in enumerate(zip(centre.tolist(), scale.tolist(), strict=True)):
        if np.isin(x[:, j], (0.0, 1.0)).all():
            ends = (-middle / unit, (1.0 - middle) / unit)
            effects[j], gradient = _switched(design, theta, n_tenures + j, ends, link)
        else:
            effects[j], gradient = _slope(design, theta, n_tenures + j, unit, link)
        errors[j] = np.sqrt(max(float(gradient @ covariance @ gradient), 0.0))
    return effects, errors


def _switched(
    design: FloatArray, theta: FloatArray, column: int, ends: tuple[float, float], link: Link
) -> tuple[float, FloatArray]:
    """Average change of the hazard from 0 to 1 of a covariate, and its gradient by the parameters."""
    means: list[float] = []
    gradients: list[FloatArray] = []
    for value in ends:
        there = design.copy()
        there[:, column] = value
        mean, slope = _mean(there @ theta, link)
        means.append(float(mean.mean()))
        gradients.append(there.T @ slope / slope.size)
    return means[1] - means[0], gradients[1] - gradients[0]


def _slope(
    design: FloatArray, theta: FloatArray, column: int, scale: float, link: Link
) -> tuple[float, FloatArray]:
    """Average slope of the hazard a unit of a covariate, and its gradient by the parameters."""
    eta, step = design @ theta, 1e-5
    average = float(_mean(eta, link)[1].mean()) / scale
    bend = (_mean(eta + step, link)[1] - _mean(eta - step, link)[1]) / (2.0 * step)
    gradient = np.asarray(theta[column] / scale * (design.T @ bend / eta.size), dtype=np.float64)
    gradient[column] += average
    return float(theta[column]) * average, gradient
