"""What the cells of a triangle that lie in the future will hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from customer_centric.churn.triangle import RetentionTriangle
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["complete_triangle"]


def complete_triangle(triangle: RetentionTriangle) -> pd.DataFrame:
    r"""Expected cells of a triangle that were not observed yet, with Mack's standard errors.

    Parameters
    ----------
    triangle : RetentionTriangle
        Cohorts by ages, at least two of each.

    Returns
    -------
    pandas.DataFrame
        A row a future cell: `cohort`, `age`, `expected` customers (or money), and the `standard_error` of
        what will be there around it: chance and the uncertainty of the factors together. NaN where a cohort
        is empty or the factors are not known.

    Raises
    ------
    InvalidInputError
        If there are fewer than two cohorts.

    Notes
    -----
    The chain ladder: a cohort with \(C_{i,j}\) at age \(j\) is expected to have \(C_{i,j} f_{j+1}\) at the
    next, with \(f_{j+1} = \sum_i C_{i,j+1} / \sum_i C_{i,j}\) over the cohorts that were seen at both. With
    \(\sigma_j^2\) the variance of a factor per unit, the squared error at age \(k\) is

    \[ \hat C_{i,k}^2 \sum_{j=n_i}^{k-1} \frac{\hat\sigma_j^2}{\hat f_{j+1}^2}
       \left( \frac{1}{\hat C_{i,j}} + \frac{1}{\sum_m C_{m,j}} \right) , \]

    \(n_i\) the last age observed. The last \(\sigma^2\), of one cohort only, is extrapolated from
    those before. Of customers who never left it is at least binomial, \(f (1 - f)\).

    References
    ----------
    Mack, T. (1993), Distribution-free calculation of the standard error of chain ladder reserve estimates,
    theorem 3. ASTIN Bulletin 23(2). [doi:10.2143/AST.23.2.2005092](https://doi.org/10.2143/AST.23.2.2005092).

    Examples
    --------
    >>> import pandas as pd
    >>> joined = pd.date_range("2024-01-15", periods=4, freq="MS").repeat(50)
    >>> left = [day + pd.Timedelta(days=25 * (1 + i % 5)) for i, day in enumerate(joined)]
    >>> contracts = pd.DataFrame({"id": range(200), "from": joined, "until": left})
    >>> from customer_centric import survived_triangle
    >>> triangle = survived_triangle(
    ...     contracts,
    ...     customer="id",
    ...     begins="from",
    ...     ends="until",
    ...     period="month",
    ...     as_of="2024-05-31",
    ... )
    >>> complete_triangle(triangle)[["age", "expected"]].round(1).to_numpy().tolist()
    [[3.0, 20.0], [2.0, 30.0], [3.0, 20.0], [1.0, 40.0], [2.0, 30.0], [3.0, 20.0]]
    """
    import pandas as pd

    values = triangle.values
    if values.shape[0] < 2:
        raise InvalidInputError(
            f"`triangle` must have at least two cohorts, got {values.shape[0]}; there is no factor "
            "to learn from"
        )
    factor, spread, base = _factors(values)
    if triangle.kind == "survived":
        # Few cohorts show a spread that is often too small; customers who stay or leave have at least this.
        spread = np.fmax(spread, factor * (1.0 - factor))
    expected, error = _develop(values, factor, spread, base)
    row, age = np.nonzero(np.isnan(values))
    return pd.DataFrame(
        {
            "cohort": [triangle.cohorts[i] for i in row],
            "age": age,
            "expected": expected[row, age],
            "standard_error": error[row, age],
        }
    )


def _factors(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """By age: the factor to the next, its variance per unit, and the sum that it rests on."""
    n = values.shape[1]
    factor, spread, base = np.full(n - 1, np.nan), np.full(n - 1, np.nan), np.zeros(n - 1)
    for age in range(n - 1):
        before, after = values[:, age], values[:, age + 1]
        seen = ~np.isnan(after) & (before > 0)
        base[age] = before[seen].sum()
        if base[age] <= 0:
            continue
        factor[age] = after[seen].sum() / base[age]
        free = int(seen.sum()) - 1
        if free > 0:
            squares = before[seen] * (after[seen] / before[seen] - factor[age]) ** 2
            spread[age] = squares.sum() / free
    return factor, _extrapolated(spread), base


def _extrapolated(spread: FloatArray) -> FloatArray:
    """The spread of factors that only one cohort shows, from the two before (Mack 1993, page 217)."""
    filled = spread.copy()
    for age in np.flatnonzero(np.isnan(filled)):
        if age >= 2:
            near, far = filled[age - 1], filled[age - 2]
            filled[age] = min(near**2 / far if far > 0 else 0.0, far, near)
        elif age == 1:
            filled[age] = filled[0]
    return filled


def _develop(
    values: FloatArray, factor: FloatArray, spread: FloatArray, base: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mack's recursion in absolute numbers: a factor of 0, or an empty cohort, has no relative error."""
    expected = values.copy()
    squared = np.zeros_like(values)
    for age in range(values.shape[1] - 1):
        future = np.isnan(values[:, age + 1])
        now = expected[future, age]
        share = now / base[age] if base[age] > 0 else np.full(now.size, np.nan)
        step = spread[age] * now * (1.0 + share)
        # Of no customers, or of negative revenue, nothing is known but what the factors say.
        squared[future, age + 1] = factor[age] ** 2 * squared[future, age] + np.where(now > 0, step, np.nan)
        expected[future, age + 1] = now * factor[age]
    return expected, np.sqrt(squared)
