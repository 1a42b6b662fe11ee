"""Whom an offer keeps: retention with and without it, from customers who got it at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_confidence_level, check_number
from customer_centric.churn.forecast_score import check_outcomes
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, bootstrap_interval, mover_interval, wilson_interval
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RetentionUplift", "retention_uplift"]

_NO_SPREAD: Final = "all draws of these customers have the same coefficient, which shows no spread"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RetentionUplift:
    """What an offer does to retention, for everybody and by predicted uplift.

    Parameters
    ----------
    uplift : float
        Share retained with the offer less share retained without it.
    interval : Interval
        Bounds of it.
    qini : float
        Customers kept per customer of the base beyond what the offer would keep if it were given at random,
        on average over all shares of customers reached: 0 where the order says nothing.
    qini_interval : Interval or None
        Bounds of it, by bootstrap; None where `reason` says why.
    curve : pandas.DataFrame
        By share of customers, highest predicted uplift first: `fraction`, `n`, `uplift` among them with
        `lower` and `upper`, and `kept`, the customers the offer keeps per customer of the base.
    n_treated, n_control : int
        Customers with and without the offer.
    reason : str or None
        Why the Qini coefficient has no bounds.
    """

    uplift: float
    interval: Interval
    qini: float
    qini_interval: Interval | None
    curve: pd.DataFrame
    n_treated: int
    n_control: int
    reason: str | None = None

    def __str__(self) -> str:
        bounds = (
            f"no interval: {self.reason}"
            if self.qini_interval is None
            else f"{self.qini_interval.lower:+.4f} to {self.qini_interval.upper:+.4f}"
        )
        return (
            f"the offer keeps {self.uplift:+.1%} of customers ({self.interval.lower:+.1%} to "
            f"{self.interval.upper:+.1%}); Qini coefficient {self.qini:+.4f} ({bounds}); "
            f"{self.n_treated:,} with the offer, {self.n_control:,} without"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self}</p>"


def retention_uplift(
    churned: ArrayLike,
    treated: ArrayLike,
    predicted_uplift: ArrayLike,
    *,
    rng: np.random.Generator,
    n_resamples: int = 500,
    confidence_level: float = 0.95,
) -> RetentionUplift:
    r"""Judge a prediction of whom an offer keeps, by customers who got it or not at random.

    Parameters
    ----------
    churned : array_like of shape (n_customers,)
        Whether each customer left.
    treated : array_like of shape (n_customers,)
        Whether each customer got the offer, decided at random. Without such a column nothing can be said
        about what an offer does: who leaves is not who can be kept.
    predicted_uplift : array_like of shape (n_customers,)
        Predicted gain in the probability of staying; only its order counts. Customers with equal
        predictions share their place.
    rng : numpy.random.Generator
        Where the draws of the bootstrap come from.
    n_resamples : int, default 500
        Draws of the bootstrap.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    RetentionUplift
        Uplift of everybody, curve by share reached, and the Qini coefficient with its interval.

    Raises
    ------
    InvalidInputError
        If an outcome or a treatment is neither 0 nor 1, one of the two groups is empty, or the lengths
        differ.

    Notes
    -----
    Among the customers with the highest predictions let \(r_1\) and \(r_0\) be the shares retained with and
    without the offer; the curve at share \(\varphi\) is \(\varphi\,(r_1 - r_0)\), and the Qini coefficient
    the area between it and the straight line to its end.

    References
    ----------
    Radcliffe, N. J. (2007), Using control groups to target on predicted lift: building and assessing uplift
    models. Direct Marketing Analytics Journal 1, 14-21.

    Ascarza, E. (2018), Retention futility: targeting high-risk customers might be ineffective.
    [doi:10.1509/jmr.16.0163](https://doi.org/10.1509/jmr.16.0163).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> offer = rng.random(4000) < 0.5
    >>> gain = rng.uniform(0, 0.2, 4000)
    >>> left = rng.random(4000) < 0.4 - gain * offer
    >>> found = retention_uplift(left, offer, gain, rng=rng, n_resamples=100)
    >>> found.interval.contains(0.1), found.qini > 0
    (True, True)
    """
    check_confidence_level(confidence_level)
    given = np.asarray(treated)
    arms = check_array(
        "treated",
        given.astype(np.float64) if given.dtype.kind == "b" else given,
        minimum=0.0,
        maximum=1.0,
        whole=True,
    )
    left, _ = check_outcomes(churned, np.zeros(np.shape(churned)))
    score = check_array("predicted_uplift", predicted_uplift)
    if not left.shape == arms.shape == score.shape:
        raise InvalidInputError(
            "`churned`, `treated` and `predicted_uplift` must have one value a customer, got shapes "
            f"{left.shape}, {arms.shape} and {score.shape}"
        )
    n1, n0 = int(arms.sum()), int((1.0 - arms).sum())
    if n1 == 0 or n0 == 0:
        raise InvalidInputError(
            f"`treated` must have customers with and without the offer, got {n1} and {n0}; an uplift needs a "
            "control group that was left alone at random"
        )
    draws = int(check_number("n_resamples", n_resamples, minimum=1.0, whole=True))
    order = np.argsort(-score, kind="stable")
    stayed, offered = (1.0 - left)[order], arms[order]
    # Customers with equal predictions come in no order: only the ends of such groups count.
    ends = np.append(np.flatnonzero(np.diff(score[order])), left.size - 1)
    lower, upper = bootstrap_interval(
        lambda drawn: _qini(stayed, offered, drawn[order], ends),
        left.size,
        rng=rng,
        n_resamples=draws,
        strata=arms.astype(np.int64),
        confidence_level=confidence_level,
    )
    curve = _curve(stayed, offered, ends, confidence_level)
    last = curve.iloc[-1]
    return RetentionUplift(
        uplift=float(last["uplift"]),
        interval=Interval(float(last["lower"]), float(last["upper"]), confidence_level),
        qini=_qini(stayed, offered, np.ones(left.size), ends),
        qini_interval=Interval(float(lower), float(upper), confidence_level) if upper > lower else None,
        curve=curve,
        n_treated=n1,
        n_control=n0,
        reason=None if upper > lower else _NO_SPREAD,
    )


def _qini(stayed: FloatArray, offered: FloatArray, weight: FloatArray, ends: IntArray) -> float:
    """Area between the curve of customers kept and the straight line to its end."""
    with_offer, without, kept_with, kept_without = _cumulated(stayed, offered, weight, ends)
    share = np.cumsum(weight)[ends] / weight.sum()
    ready = (with_offer > 0) & (without > 0)
    rate = np.zeros(share.size)
    rate[ready] = kept_with[ready] / with_offer[ready] - kept_without[ready] / without[ready]
    kept = share * rate
    width = np.diff(np.append(0.0, share))
    heights = 0.5 * (kept + np.append(0.0, kept[:-1]))
    return float(width @ heights - 0.5 * kept[-1])


def _cumulated(
    stayed: FloatArray, offered: FloatArray, weight: FloatArray, ends: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """With and without the offer: customers, and those of them who stayed, up to each end."""
    arms = weight * offered, weight * (1.0 - offered)
    n1, n0, r1, r0 = (np.cumsum(column)[ends] for column in (*arms, *(arm * stayed for arm in arms)))
    return n1, n0, r1, r0


def _curve(stayed: FloatArray, offered: FloatArray, ends: IntArray, confidence_level: float) -> pd.DataFrame:
    import pandas as pd

    fractions = np.round(np.arange(1, 11) / 10, 1)
    size = np.maximum(np.rint(fractions * stayed.size), 1.0)
    at = np.append(0.0, ends + 1.0)
    n1, n0, r1, r0 = (
        np.interp(size, at, np.append(0.0, column))
        for column in _cumulated(stayed, offered, np.ones(stayed.size), ends)
    )
    shares = np.array(
        [np.divide(r, n, out=np.full(n.size, 0.5), where=n > 0) for r, n in ((r1, n1), (r0, n0))]
    )
    bounds = [wilson_interval(r, n, confidence_level=confidence_level) for r, n in ((r1, n1), (r0, n0))]
    lower, upper = mover_interval(
        shares, np.array([bound[0] for bound in bounds]), np.array([bound[1] for bound in bounds])
    )
    uplift = np.where((n1 > 0) & (n0 > 0), shares[0] - shares[1], np.nan)
    return pd.DataFrame(
        {
            "fraction": fractions,
            "n": size.astype(np.int64),
            "uplift": uplift,
            "lower": lower,
            "upper": upper,
            "kept": fractions * uplift,
        }
    )
