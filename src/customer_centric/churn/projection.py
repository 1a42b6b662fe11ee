"""How many customers will be left, renewal by renewal, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric.churn._renewal_likelihood import log_survival
from customer_centric.churn.bdw import Bdw
from customer_centric.churn.sbg import Sbg
from customer_centric.errors import InvalidInputError
from customer_centric.fitting import LARGEST, Fit
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["project_retention"]


def project_retention(
    fit: Fit[Sbg] | Fit[Bdw],
    customers: int,
    periods: int,
    *,
    tenure: float = 0,
    rng: np.random.Generator,
    n_draws: int = 4000,
    confidence_level: float = 0.95,
) -> pd.DataFrame:
    r"""Customers left after each of the next renewals, with the spread of parameters and of chance.

    Parameters
    ----------
    fit : Fit
        What `fit_sbg` or `fit_bdw` returned.
    customers : int
        Customers now, at least 1.
    periods : int
        Renewals to look ahead, at least 1.
    tenure : float, default 0
        Renewals that these customers made already.
    rng : numpy.random.Generator
        Where the draws come from.
    n_draws : int, default 4000
        Draws of the parameters and of the future.
    confidence_level : float, default 0.95
        Nominal coverage of the bounds, strictly between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        A row a renewal: `period` from 1, `survival` with `survival_lower` and `survival_upper`, the share
        left and how sure the model is of it; `expected` customers left with `lower` and `upper`, the bounds
        between which their number will fall.

    Raises
    ------
    InvalidInputError
        If a number is out of range or `rng` is no generator.

    Notes
    -----
    The logarithms of the parameters are drawn from their normal distribution around the maximum of the
    likelihood, and of \(n\) customers a binomial number is left with probability \(S(k + t) / S(k)\). The
    bounds of the share hold the first spread alone, those of the number both.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2007), How to project customer retention. Journal of Interactive
    Marketing 21(1). [doi:10.1002/dir.20074](https://doi.org/10.1002/dir.20074).

    Examples
    --------
    >>> import numpy as np
    >>> from customer_centric import RenewalCounts, fit_sbg
    >>> fit = fit_sbg(RenewalCounts.from_survivors([1000, 631, 468, 382, 326, 289, 262, 241]))
    >>> ahead = project_retention(fit, 241, 5, tenure=7, rng=np.random.default_rng(1))
    >>> ahead["expected"].round(1).tolist()
    [221.9, 206.1, 192.8, 181.4, 171.4]
    """
    import pandas as pd

    n = int(check_number("customers", customers, minimum=1.0, whole=True))
    last = int(check_number("periods", periods, minimum=1.0, whole=True))
    draws = int(check_number("n_draws", n_draws, minimum=1.0, whole=True))
    check_confidence_level(confidence_level)
    if not isinstance(rng, np.random.Generator):
        raise InvalidInputError(f"`rng` must be a NumPy random generator, got {rng!r}")
    ahead = np.arange(1, last + 1, dtype=np.float64)
    expected = fit.model.survival(ahead, tenure=tenure)
    alpha, beta, shape = (column[:, None] for column in _drawn(fit, draws, rng).T)
    start = np.array([float(tenure)])
    logs = log_survival(alpha, beta, shape, start + ahead) - log_survival(alpha, beta, shape, start)
    shares = np.exp(np.minimum(logs, 0.0))
    left = rng.binomial(n, shares)
    tails = [0.5 * (1.0 - confidence_level), 0.5 * (1.0 + confidence_level)]
    share_bounds, bounds = np.quantile(shares, tails, axis=0), np.quantile(left, tails, axis=0)
    return pd.DataFrame(
        {
            "period": ahead.astype(np.int64),
            "survival": expected,
            "survival_lower": np.minimum(share_bounds[0], expected),
            "survival_upper": np.maximum(share_bounds[1], expected),
            "expected": n * expected,
            "lower": bounds[0],
            "upper": bounds[1],
        }
    )


def _drawn(fit: Fit[Sbg] | Fit[Bdw], n: int, rng: np.random.Generator) -> FloatArray:
    """Draws of alpha, beta and shape, a column each."""
    logs = rng.multivariate_normal(np.log(fit.model.parameters), fit.covariance, size=n, method="eigh")
    values = np.exp(np.clip(logs, -np.log(LARGEST), np.log(LARGEST)))
    # The sBG model has the shape 1.
    return np.column_stack([values, np.ones((n, 3 - values.shape[1]))])
