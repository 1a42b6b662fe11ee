"""Many means of known variance at once: how much they truly differ, and what each is likely to be.

Empirical Bayes for normal means. The spread between the true means is estimated from the means
themselves, and each is drawn towards their centre by as much as its own variance deserves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from customer_centric.errors import ConvergenceError
from customer_centric.typing import FloatArray

SpreadMethod: TypeAlias = Literal["reml", "dersimonian_laird"]

_MOST_STEPS: Final = 500
_TOLERANCE: Final = 1e-12
# With fewer means nothing is known about how they differ, and they stay as they are.
FEWEST_MEANS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class ShrunkenMeans:
    """What each mean is likely to be, given all of them.

    Parameters
    ----------
    mean, standard_error : ndarray of shape (n_means,)
        Posterior mean, and posterior standard deviation with Morris's correction for an estimated centre
        and spread; infinite where a mean was not observed.
    weight : ndarray of shape (n_means,)
        Weight of the observed mean in the posterior one, in [0, 1]; the rest is the centre's.
    centre : float
        Weighted mean of all; NaN where there are none.
    between_variance : float
        Variance of the true means around the centre, 0 or more.
    """

    mean: FloatArray
    standard_error: FloatArray
    weight: FloatArray
    centre: float
    between_variance: float


def shrink_means(
    estimate: FloatArray, variance: FloatArray, *, method: SpreadMethod = "reml"
) -> ShrunkenMeans:
    r"""Posterior means and standard deviations of normal means with known variances.

    A mean with infinite variance was not observed. With \(k\) observed means \(y_i\) of variance \(V_i\),
    estimates \(A\) of the between variance and \(\hat\mu\) of the centre, \(W_i = 1 / (V_i + A)\),

    \[ B_i = \frac{k - 3}{k - 1} \frac{V_i}{V_i + A}, \qquad
       \hat\theta_i = \hat\mu + (1 - B_i)(y_i - \hat\mu), \]
    \[ s_i^2 = V_i \Bigl(1 - \frac{k - r_i}{k} B_i\Bigr) + v_i (y_i - \hat\mu)^2, \qquad
       r_i = \frac{k W_i}{\sum_j W_j}, \quad
       v_i = \frac{2 B_i^2}{k - 3} \frac{\bar V + A}{V_i + A} \]

    with \(\bar V\) the mean of the variances weighted by \(W_i\): Morris (1983), Parametric empirical
    Bayes inference, section 5, doi:10.1080/01621459.1983.10477920. Three means or fewer stay as they are.
    """
    seen = np.isfinite(variance)
    k = int(seen.sum())
    if k == 0:
        nothing = np.zeros(estimate.shape)
        return ShrunkenMeans(nothing + np.nan, nothing + np.inf, nothing, np.nan, 0.0)
    y, v = estimate[seen], variance[seen]
    spread = between_variance(y, v, method=method)
    share = 1.0 / (v + spread)
    total = share.sum()
    centre = float(share @ y / total)
    pull = v * share * max(k - 3, 0) / max(k - 1, 1)
    away = y - centre
    squared = v * (1.0 - (1.0 - share / total) * pull)
    if k >= FEWEST_MEANS:
        mean_variance = share @ v / total
        squared += 2.0 / (k - 3) * pull**2 * (mean_variance + spread) * share * away**2
    mean = np.full(estimate.shape, centre)
    standard_error = np.full(estimate.shape, np.inf)
    weight = np.zeros(estimate.shape)
    # Rounding must not carry a mean past the centre or past what was observed.
    mean[seen] = np.clip(centre + (1.0 - pull) * away, np.minimum(y, centre), np.maximum(y, centre))
    standard_error[seen] = np.sqrt(squared)
    weight[seen] = 1.0 - pull
    return ShrunkenMeans(mean, standard_error, weight, centre, spread)


def heterogeneity(estimate: FloatArray, variance: FloatArray) -> float:
    r"""Cochran's \(Q = \sum_i w_i (y_i - \bar y)^2\) with \(w_i = 1 / V_i\); 0 for fewer than two means."""
    if estimate.size < 2:
        return 0.0
    weight = 1.0 / variance
    away = estimate - weight @ estimate / weight.sum()
    return float(weight @ away**2)


def between_variance(estimate: FloatArray, variance: FloatArray, *, method: SpreadMethod = "reml") -> float:
    """Variance of the true means around their centre, 0 or more; 0 for a single mean."""
    if estimate.size < 2:
        return 0.0
    start = _dersimonian_laird(estimate, variance)
    return start if method == "dersimonian_laird" else _restricted_likelihood(estimate, variance, start)


def _dersimonian_laird(y: FloatArray, v: FloatArray) -> float:
    """Equation 8 of DerSimonian and Laird (1986), doi:10.1016/0197-2456(86)90046-2."""
    weight = 1.0 / v
    excess = heterogeneity(y, v) - (y.size - 1.0)
    return max(0.0, float(excess / (weight.sum() - weight @ weight / weight.sum())))


def _restricted_likelihood(y: FloatArray, v: FloatArray, start: float) -> float:
    """The maximum of the restricted likelihood by Fisher scoring, halved where a step would overshoot."""
    spread, step_size = start, 1.0
    slope, information = _restricted_slope(y, v, spread)
    for _ in range(_MOST_STEPS):
        step = max(spread + step_size * slope / information, 0.0) - spread
        if abs(step) <= _TOLERANCE * (spread + float(v.min())):
            return spread + step
        spread += step
        before = slope
        slope, information = _restricted_slope(y, v, spread)
        step_size = 0.5 * step_size if slope * before < 0 and step_size > 0.1 else 1.0
    raise ConvergenceError(
        "the variance between the means must converge, got no maximum of the restricted likelihood after "
        f"{_MOST_STEPS} steps"
    )


def _restricted_slope(y: FloatArray, v: FloatArray, spread: float) -> tuple[float, float]:
    """Twice the slope of the restricted log-likelihood, and twice its expected information."""
    w = 1.0 / (v + spread)
    first, second, third = w.sum(), w @ w, w**2 @ w
    away = y - w @ y / first
    slope = w**2 @ away**2 - (first - second / first)
    information = second - 2.0 * third / first + (second / first) ** 2
    return float(slope), float(information)
