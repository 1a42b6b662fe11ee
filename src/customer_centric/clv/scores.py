"""How one forecast did in the holdout: errors, log-score, calibration, lift and PIT, each a small table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from customer_centric.intervals import Interval
from customer_centric.typing import FloatArray, TransactionModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FrequencyClasses", "HoldoutScore", "LiftCurve", "PitHistogram", "ReliabilityCurve"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FrequencyClasses:
    """Purchases in the holdout by purchases before it.

    Parameters
    ----------
    labels : tuple of str
        Repeat purchases before the holdout: "0" to "6" and "7+". Classes without customers are left out.
    n_customers : ndarray of shape (n_classes,)
        Customers in the class.
    actual, expected : ndarray of shape (n_classes,)
        Mean purchases of a customer in the holdout.
    lower, upper : ndarray of shape (n_classes,)
        Where the actual mean of the class should fall, given what the forecast does not know: chance, and
        the parameters where a `Fit` brings their covariance.
    confidence_level : float
        Nominal coverage of the intervals, each taken for itself.
    """

    labels: tuple[str, ...]
    n_customers: FloatArray
    actual: FloatArray
    expected: FloatArray
    lower: FloatArray
    upper: FloatArray
    confidence_level: float

    def to_frame(self) -> pd.DataFrame:
        """One row a class."""
        import pandas as pd

        return pd.DataFrame(
            {
                "frequency": self.labels,
                "n_customers": self.n_customers,
                "actual": self.actual,
                "expected": self.expected,
                "lower": self.lower,
                "upper": self.upper,
            }
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReliabilityCurve:
    """Whether what was given a probability of 30 % happened 30 % of the time.

    Parameters
    ----------
    bin_start, bin_end : ndarray of shape (n_bins,)
        Range of the predicted probabilities; bins without customers are left out.
    n_customers : ndarray of shape (n_bins,)
        Customers in the bin.
    predicted : ndarray of shape (n_bins,)
        Mean predicted probability.
    actual, lower, upper : ndarray of shape (n_bins,)
        Share of customers who bought in the holdout, with Wilson's score interval.
    confidence_level : float
        Nominal coverage of the intervals.
    """

    bin_start: FloatArray
    bin_end: FloatArray
    n_customers: FloatArray
    predicted: FloatArray
    actual: FloatArray
    lower: FloatArray
    upper: FloatArray
    confidence_level: float

    def to_frame(self) -> pd.DataFrame:
        """One row a bin."""
        import pandas as pd

        return pd.DataFrame(
            {
                "bin_start": self.bin_start,
                "bin_end": self.bin_end,
                "n_customers": self.n_customers,
                "predicted": self.predicted,
                "actual": self.actual,
                "lower": self.lower,
                "upper": self.upper,
            }
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LiftCurve:
    r"""Whether those ranked first bought most: tenths of the customers by expected purchases, best first.

    Customers with the same expectation share their purchases evenly where a tenth cuts them.

    Parameters
    ----------
    n_customers : ndarray of shape (10,)
        Customers in each tenth.
    expected, actual : ndarray of shape (10,)
        Mean purchases of a customer in the holdout.
    lift : ndarray of shape (10,)
        Actual mean of the tenth over that of all customers; NaN where nobody bought.
    cumulative_share : ndarray of shape (10,)
        Share of all purchases made by this tenth and those before it; NaN where nobody bought.
    gini : float
        Area between the curve of cumulative shares and that of a random order, as a share of the same area
        for a perfect order: 1 ranks perfectly, 0 is no better than chance, less is worse. NaN where all
        customers bought equally often, for want of an order.
    """

    n_customers: FloatArray
    expected: FloatArray
    actual: FloatArray
    lift: FloatArray
    cumulative_share: FloatArray
    gini: float

    def to_frame(self) -> pd.DataFrame:
        """One row a tenth."""
        import pandas as pd

        return pd.DataFrame(
            {
                "tenth": range(1, self.lift.size + 1),
                "n_customers": self.n_customers,
                "expected": self.expected,
                "actual": self.actual,
                "lift": self.lift,
                "cumulative_share": self.cumulative_share,
            }
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PitHistogram:
    r"""Where the actual counts fell in their predicted distributions: flat where these are right.

    Parameters
    ----------
    bin_start, bin_end : ndarray of shape (10,)
        Tenths of [0, 1].
    share : ndarray of shape (10,)
        Share of the customers whose randomised probability integral transform is in the bin; 0.1 each
        for a right model. High at both ends: the forecasts are too narrow; high in the middle: too wide;
        high at the right: too few purchases expected.
    distance : float
        Largest distance between the distribution of the transforms and the uniform one, in [0, 1]
        (Kolmogorov-Smirnov). Judge by this: with many customers any model is rejected.
    p_value : float
        Probability of a distance at least as large under a right model.
    """

    bin_start: FloatArray
    bin_end: FloatArray
    share: FloatArray
    distance: float
    p_value: float

    def to_frame(self) -> pd.DataFrame:
        """One row a bin."""
        import pandas as pd

        return pd.DataFrame({"bin_start": self.bin_start, "bin_end": self.bin_end, "share": self.share})


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HoldoutScore:
    r"""How one forecast did in the holdout.

    Parameters
    ----------
    name : str
        Name of the forecast.
    model : TransactionModel or None
        The model that made it; None for the naive baseline.
    n_parameters : int
        Parameters of the model; 0 for the baseline.
    boundary : str or None
        Name of the limit at which the model was fitted, None at an ordinary optimum.
    log_likelihood, aic, bic : float
        Of the calibration data, as if the parameters had been fitted to them; NaN for the baseline, which
        has no likelihood.
    log_score : float
        Mean log-probability of what each customer did; higher is better. A probability below
        2.2e-308 counts as that.
    log_score_error : float
        Standard error of `log_score`; infinite for one customer.
    behind, behind_error : float
        Log-score of the best model less this one, and the standard error of that difference.
    actual_total, expected_total : float
        Purchases of all customers in the holdout.
    total_interval : Interval
        Whole numbers between which the total should fall, given what the forecast does not know: chance,
        and the parameters where a `Fit` brings their covariance.
    total_error : float
        Expected over actual total, less 1; NaN where nobody bought.
    mean_absolute_error, bias, root_mean_squared_error : float
        Of expected less actual purchases of a customer.
    classes : FrequencyClasses
        By repeat purchases before the holdout.
    active : ReliabilityCurve
        Of the probability of at least one purchase.
    alive : ReliabilityCurve or None
        Of the probability of being alive at the end of calibration. Those alive need not buy, so that
        the actual share lies below it; None for the baseline.
    lift : LiftCurve
        Of the ranking by expected purchases.
    pit : PitHistogram
        Of the predicted distributions.
    log_probabilities : ndarray of shape (n_distinct,)
        What `log_score` is the mean of, one element for each row of `Backtest.holdout`.
    """

    name: str
    model: TransactionModel | None
    n_parameters: int
    boundary: str | None
    log_likelihood: float
    aic: float
    bic: float
    log_score: float
    log_score_error: float
    behind: float
    behind_error: float
    actual_total: float
    expected_total: float
    total_interval: Interval
    total_error: float
    mean_absolute_error: float
    bias: float
    root_mean_squared_error: float
    classes: FrequencyClasses
    active: ReliabilityCurve
    alive: ReliabilityCurve | None
    lift: LiftCurve
    pit: PitHistogram
    log_probabilities: FloatArray

    @property
    def gini(self) -> float:
        """Quality of the ranking: 1 perfect, 0 no better than chance."""
        return self.lift.gini
