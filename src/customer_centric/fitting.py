"""`Fit[M]`: what every fitted model comes back in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Generic, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri
from typing_extensions import TypeVar

from customer_centric._core.checks import check_array, check_confidence_level, check_number
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Fit"]

# Parameters, counts and times up to here are tested never to overflow; a fit stops long before.
LARGEST: Final = 1e15
_LIMIT_REMEDY: Final = "beyond that, use the limit model: no dropout, equal rates, or equal dropout"


class HasParameters(Protocol):
    """A model whose parameters have names and are greater than 0."""

    parameter_names: ClassVar[tuple[str, ...]]

    @property
    def parameters(self) -> FloatArray:
        """The parameters in the order of their names."""
        ...


M = TypeVar("M", bound=HasParameters, default=HasParameters)


def check_parameters(names: tuple[str, ...], values: FloatArray) -> None:
    """Parameters greater than 0 and within the range in which forecasts are computed without loss."""
    for name, value in zip(names, values.tolist(), strict=True):
        check_number(name, value, minimum=0.0, open_minimum=True)
        check_number(name, value, minimum=1 / LARGEST, maximum=LARGEST, remedy=_LIMIT_REMEDY)


def parameter_values(names: tuple[str, ...], parameters: ArrayLike) -> list[float]:
    """One number for each name; the model checks their ranges."""
    values = check_array("parameters", parameters)
    if values.shape != (len(names),):
        raise InvalidInputError(f"`parameters` must be ({', '.join(names)}), got shape {values.shape}")
    return [float(value) for value in values]


@dataclass(frozen=True, slots=True, eq=False)
class Fit(Generic[M]):
    r"""A model at its maximum likelihood, and how sure that is.

    Parameters
    ----------
    model : M
        The model with the fitted parameters.
    log_likelihood : float
        Weighted log-likelihood at the optimum.
    covariance : ndarray of shape (n_parameters, n_parameters)
        Covariance of the logarithms of the parameters: the inverse of the observed information.
        At a limit (see `boundary`) the directions that the data do not identify have variance 0.
    n_customers : float
        Sum of the weights of the histories.
    n_iterations : int
        Newton steps taken.
    boundary : str or None
        Name of the limit model where the likelihood is highest at infinity, None at an ordinary optimum.

    Examples
    --------
    >>> from customer_centric import HistoryCounts, fit_nbd
    >>> counts = HistoryCounts.from_arrays(
    ...     [0, 1, 2, 5],
    ...     [0, 10, 20, 30],
    ...     [38, 38, 36, 35],
    ...     unit="week",
    ...     weights=[60, 20, 10, 10],
    ... )
    >>> fit = fit_nbd(counts)
    >>> fit.model.parameter_names
    ('r', 'alpha')
    >>> fit.aic > 2 * 2 - 2 * fit.log_likelihood - 1e-9
    True
    """

    model: M
    log_likelihood: float
    covariance: FloatArray
    n_customers: float
    n_iterations: int
    boundary: str | None = None

    @property
    def aic(self) -> float:
        r"""Akaike's criterion \(2 k - 2 \ln L\) with k parameters; lower is better."""
        return 2 * len(self.model.parameter_names) - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        r"""Schwarz's criterion \(k \ln n - 2 \ln L\), n the sum of weights; lower is better."""
        return len(self.model.parameter_names) * math.log(self.n_customers) - 2 * self.log_likelihood

    @property
    def standard_errors(self) -> FloatArray:
        """Standard errors of the parameters, in their own units, by the delta method."""
        return self.model.parameters * np.sqrt(np.diag(self.covariance))

    def summary(self, *, confidence_level: float = 0.95) -> pd.DataFrame:
        """Estimate, standard error and interval of each parameter.

        Parameters
        ----------
        confidence_level : float, default 0.95
            Nominal coverage of the intervals, strictly between 0 and 1.

        Returns
        -------
        pandas.DataFrame
            A row a parameter; columns `estimate`, `standard_error`, `lower`, `upper`. The intervals are
            symmetric in the logarithm, so they stay above 0.
        """
        import pandas as pd

        check_confidence_level(confidence_level)
        estimate = self.model.parameters
        with np.errstate(over="ignore"):
            spread = np.exp(ndtri((1 + confidence_level) / 2) * np.sqrt(np.diag(self.covariance)))
        return pd.DataFrame(
            {
                "estimate": estimate,
                "standard_error": self.standard_errors,
                "lower": estimate / spread,
                "upper": estimate * spread,
            },
            index=pd.Index(self.model.parameter_names, name="parameter"),
        )

    def _repr_html_(self) -> str:
        table = self.summary().to_html(float_format="{:.6g}".format, border=0)
        boundary = f"<p>At a limit: {self.boundary}.</p>" if self.boundary else ""
        return (
            f"<p><strong>{type(self.model).__name__}</strong>: log-likelihood {self.log_likelihood:,.4f}, "
            f"AIC {self.aic:,.2f}, {self.n_customers:,.0f} customers</p>{boundary}{table}"
        )
