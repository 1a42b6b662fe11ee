"""Who is loyal, and what loyalty is worth beside a first purchase and beside occasional customers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import check_array, check_confidence_level, check_number
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.segments._means import variance_of_mean, welch_freedom
from customer_centric.segments._ratio import Moments, ratio_interval
from customer_centric.typing import BoolArray, FloatArray

__all__ = ["LoyalShare", "ValueRatio", "clv_equivalence", "clv_multiple", "loyal_share"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LoyalShare:
    """Share of customers who are loyal by a rule that is written down.

    Parameters
    ----------
    share : float
        Loyal customers over all, in [0, 1].
    interval : Interval
        Wilson's.
    expected_share : float
        Mean over all customers of the probability of being alive, 0 for those who fail the other rules: the
        share without the threshold on it.
    n_loyal, n_customers : int
        Counts.
    loyal : ndarray of bool of shape (n_customers,)
        Who they are.
    """

    share: float
    interval: Interval
    expected_share: float
    n_loyal: int
    n_customers: int
    loyal: BoolArray

    def __str__(self) -> str:
        bounds = self.interval
        return (
            f"{self.share:.1%} of {counted(self.n_customers, 'customer')} are loyal "
            f"({100 * bounds.confidence_level:g} % interval {bounds.lower:.1%} to {bounds.upper:.1%})"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRatio:
    """How many times one mean is the other.

    Parameters
    ----------
    ratio : float
        The mean over the base mean; NaN where `reason` says why.
    interval : Interval or None
        Fieller's; without ends where the base mean cannot be told from 0, None where nothing shows a spread.
    mean, base_mean : float
        What is compared, in money per customer.
    n, n_base : int
        Customers behind each.
    reason : str or None
        Why something is missing.
    """

    ratio: float
    interval: Interval | None
    mean: float
    base_mean: float
    n: int
    n_base: int
    reason: str | None = None

    def __str__(self) -> str:
        bounds = (
            f"no interval: {self.reason}"
            if self.interval is None
            else f"{100 * self.interval.confidence_level:g} % interval {self.interval.lower:.2f} to "
            f"{self.interval.upper:.2f}"
        )
        return f"{self.ratio:.2f} times ({bounds}): {self.mean:,.2f} beside {self.base_mean:,.2f}"

    def _repr_html_(self) -> str:
        return as_html(self)


def loyal_share(
    probability_alive: ArrayLike,
    purchases: ArrayLike,
    *,
    alive_threshold: float,
    min_purchases: int,
    share_of_wallet: ArrayLike | None = None,
    min_share_of_wallet: float | None = None,
    confidence_level: float = 0.95,
) -> LoyalShare:
    r"""Share of customers who are still there, have come back often enough, and spend enough of it here.

    Parameters
    ----------
    probability_alive : array_like of shape (n_customers,)
        Probability that each customer is still active, in [0, 1].
    purchases : array_like of shape (n_customers,)
        Purchases of each so far, the first included: whole numbers.
    alive_threshold : float
        A loyal customer is alive with a probability above it, in [0, 1).
    min_purchases : int
        A loyal customer has bought at least so often, 1 or more.
    share_of_wallet : array_like of shape (n_customers,), optional
        Share of what each spends in the category that is spent here, in [0, 1].
    min_share_of_wallet : float, optional
        A loyal customer has at least this share; given together with `share_of_wallet`.
    confidence_level : float, default 0.95
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    LoyalShare
        Share with interval, the share without a threshold on the probability, and who the loyal are.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule, lengths differ, or there is no customer.

    Notes
    -----
    With \(p_i\) the probability, \(k_i\) the purchases and \(w_i\) the share of the wallet,

    \[ \frac{1}{n} \sum_i \mathbb{1}[p_i > p^*]\, \mathbb{1}[k_i \ge k^*]\, \mathbb{1}[w_i \ge w^*], \qquad
       \frac{1}{n} \sum_i p_i\, \mathbb{1}[k_i \ge k^*]\, \mathbb{1}[w_i \ge w^*] . \]

    The interval is that of customers drawn from many like them. The probabilities and the rule are taken as
    given; move the thresholds to see how much hangs on them.

    Examples
    --------
    >>> found = loyal_share(
    ...     [0.9, 0.8, 0.3, 0.95], [5, 1, 7, 3], alive_threshold=0.5, min_purchases=3
    ... )
    >>> found.share, found.expected_share
    (0.5, 0.5375)
    """
    check_confidence_level(confidence_level)
    threshold = check_number("alive_threshold", alive_threshold, minimum=0.0, maximum=1.0, open_maximum=True)
    least = check_number("min_purchases", min_purchases, minimum=1.0, whole=True)
    alive = check_array("probability_alive", probability_alive, minimum=0.0, maximum=1.0)
    count = check_array("purchases", purchases, minimum=0.0, whole=True)
    if alive.ndim != 1 or alive.size == 0 or count.shape != alive.shape:
        raise InvalidInputError(
            "`probability_alive` and `purchases` must be one number a customer, for one customer or more, "
            f"got shapes {alive.shape} and {count.shape}"
        )
    enough = (count >= least) & _wallet(share_of_wallet, min_share_of_wallet, alive.size)
    loyal = np.asarray(enough & (alive > threshold))
    n = int(loyal.sum())
    lower, upper = wilson_interval(n, alive.size, confidence_level=confidence_level)
    return LoyalShare(
        share=n / alive.size,
        interval=Interval(float(lower), float(upper), confidence_level),
        expected_share=float(np.where(enough, alive, 0.0).mean()),
        n_loyal=n,
        n_customers=alive.size,
        loyal=loyal,
    )


def _wallet(share_of_wallet: ArrayLike | None, least: float | None, n: int) -> BoolArray:
    """Who spends enough of it here; everybody where nothing is known."""
    if (share_of_wallet is None) != (least is None):
        raise InvalidInputError(
            "`share_of_wallet` and `min_share_of_wallet` must be given together, got one of them"
        )
    if share_of_wallet is None or least is None:
        return np.ones(n, dtype=np.bool_)
    wallet = check_array("share_of_wallet", share_of_wallet, minimum=0.0, maximum=1.0)
    if wallet.shape != (n,):
        raise InvalidInputError(
            f"`share_of_wallet` must be one number a customer, got shape {wallet.shape} for {n} customers"
        )
    return np.asarray(wallet >= check_number("min_share_of_wallet", least, minimum=0.0, maximum=1.0))


def clv_multiple(
    lifetime_value: ArrayLike, first_contribution: ArrayLike, *, confidence_level: float = 0.9
) -> ValueRatio:
    r"""How many times the contribution of their first purchase customers are worth.

    Parameters
    ----------
    lifetime_value : array_like of shape (n_customers,)
        Discounted margin of each customer over the whole relationship, the first purchase included, in
        money. For a multiple of what is still to come, leave the first purchase out.
    first_contribution : array_like of shape (n_customers,)
        Margin of the first purchase of the same customers, in money; not its revenue.
    confidence_level : float, default 0.9
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    ValueRatio
        Ratio of the means. A mean first contribution of 0 or less gives NaN and a reason.

    Raises
    ------
    InvalidInputError
        If a value is not finite, lengths differ, or there is no customer.

    Notes
    -----
    With \(v_i\) the lifetime values and \(c_i\) the first contributions,

    \[ R = \frac{\sum_i v_i}{\sum_i c_i} , \]

    a ratio of means, not the mean of ratios: a first purchase of a cent would make that one anything. The
    interval is Fieller's: all \(R\) for which the mean of \(v_i - R c_i\) is not significantly different
    from 0 by Student's test. The lifetime values are taken as known.

    References
    ----------
    Fieller, E. C. (1954), Some problems in interval estimation, Journal of the Royal Statistical Society
    B 16.
    [doi:10.1111/j.2517-6161.1954.tb00159.x](https://doi.org/10.1111/j.2517-6161.1954.tb00159.x).

    Examples
    --------
    >>> found = clv_multiple([100, 40, 10, 90], [10, 8, 10, 12])
    >>> found.ratio
    6.0
    >>> print(found)
    6.00 times (90 % interval 1.11 to 10.40): 60.00 beside 10.00
    """
    check_confidence_level(confidence_level)
    v, c = _values("lifetime_value", lifetime_value), _values("first_contribution", first_contribution)
    if v.shape != c.shape:
        raise InvalidInputError(
            f"`lifetime_value` and `first_contribution` must be of the same customers, got {v.size} and "
            f"{c.size}"
        )
    n = v.size
    covariance = np.cov(np.stack([v, c]), ddof=1) / n if n > 1 else np.zeros((2, 2))
    moments = Moments(
        float(v.mean()), float(c.mean()), *(float(covariance[i]) for i in ((0, 0), (0, 1), (1, 1)))
    )
    return _ratio(moments, n - 1.0, n, n, confidence_level)


def clv_equivalence(
    loyal_value: ArrayLike, occasional_value: ArrayLike, *, confidence_level: float = 0.9
) -> ValueRatio:
    r"""How many occasional customers one loyal customer is worth.

    Parameters
    ----------
    loyal_value, occasional_value : array_like of shape (n_customers,)
        Lifetime values of the customers of the two groups, in money.
    confidence_level : float, default 0.9
        Nominal coverage of the interval, strictly between 0 and 1.

    Returns
    -------
    ValueRatio
        Ratio of the means. A mean of the occasional of 0 or less gives NaN and a reason.

    Raises
    ------
    InvalidInputError
        If a value is not finite, or a group is empty.

    Notes
    -----
    \(R = \bar v_{\text{loyal}} / \bar v_{\text{occasional}}\), with Fieller's interval: all \(R\) for which
    \(\bar v_{\text{loyal}} - R\, \bar v_{\text{occasional}}\) is not significantly different from 0 by
    Welch's test. Acquiring so many occasional customers costs so many acquisitions; compare the values after
    the cost of acquiring them.

    References
    ----------
    Fieller, E. C. (1954), Some problems in interval estimation, Journal of the Royal Statistical Society
    B 16.
    [doi:10.1111/j.2517-6161.1954.tb00159.x](https://doi.org/10.1111/j.2517-6161.1954.tb00159.x).

    Examples
    --------
    >>> found = clv_equivalence([900, 1100, 1000], [45, 55, 40, 60])
    >>> found.ratio
    20.0
    """
    check_confidence_level(confidence_level)
    v, w = _values("loyal_value", loyal_value), _values("occasional_value", occasional_value)
    if v.size < 2 or w.size < 2:
        unknown = Moments(float(v.mean()), float(w.mean()), 0.0, 0.0, 0.0)
        return _ratio(unknown, 0.0, v.size, w.size, confidence_level)
    moments = Moments(float(v.mean()), float(w.mean()), variance_of_mean(v), 0.0, variance_of_mean(w))
    squared = (moments.y / moments.x) ** 2 * moments.vxx if moments.x > 0 else 0.0
    spread = moments.vyy + squared > 0
    freedom = welch_freedom(moments.vyy, squared, v.size, w.size) if spread else 1.0
    return _ratio(moments, freedom, v.size, w.size, confidence_level)


def _values(name: str, values: ArrayLike) -> FloatArray:
    array = check_array(name, values)
    if array.ndim != 1 or array.size == 0:
        raise InvalidInputError(
            f"`{name}` must be one number a customer, for one customer or more, got shape {array.shape}"
        )
    return array


def _ratio(moments: Moments, freedom: float, n: int, n_base: int, confidence_level: float) -> ValueRatio:
    ratio, interval, reason = math.nan, None, None
    if moments.x <= 0:
        reason = "the mean that it is divided by is not greater than 0"
    else:
        ratio = moments.y / moments.x
        if min(n, n_base) < 2:
            reason = "one customer shows nothing about others"
        else:
            interval, reason = ratio_interval(moments, freedom, confidence_level)
    return ValueRatio(
        ratio=ratio,
        interval=interval,
        mean=moments.y,
        base_mean=moments.x,
        n=n,
        n_base=n_base,
        reason=reason,
    )
