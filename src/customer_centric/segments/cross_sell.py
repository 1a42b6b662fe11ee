"""How much likelier loyal customers buy other products, and the share of margin that comes from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import narwhals.stable.v2 as nw
import numpy as np
from scipy.optimize import brentq

from customer_centric._core.checks import check_confidence_level, check_number
from customer_centric._core.frames import LazyFrame, MemoryFrame, check_columns, engine_of, is_lazy
from customer_centric._core.frames.codes import as_series
from customer_centric._core.frames.lazy import flag
from customer_centric._core.frames.lazy_checks import Broken, no_id, refuse_broken
from customer_centric._core.frames.memory import AMOUNT_REMEDY, AMOUNT_RULE, is_id
from customer_centric._core.tabulate import sum_by
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.segments._means import around, student_quantile
from customer_centric.segments._ratio import Moments, ratio_interval
from customer_centric.typing import BoolArray, FrameT

__all__ = ["CrossSellMargin", "CrossSellOdds", "cross_sell_margin", "cross_sell_odds"]

_SUMS: Final = ("y", "x", "b", "yy", "xy", "xx", "bb", "n")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossSellOdds:
    """How much likelier loyal customers are to buy another product.

    Parameters
    ----------
    odds_ratio : float
        Odds of the loyal over the odds of the others; infinite where only the loyal buy, NaN where all or
        none of both do.
    odds_interval : Interval
        Of the odds ratio, by the score test; 0 and infinity where nothing is known.
    risk_ratio : float
        Share of the loyal who buy over that of the others: "so many times likelier".
    risk_interval : Interval
        Of the risk ratio.
    loyal_share, other_share : float
        Shares who buy, in [0, 1].
    loyal_interval, other_interval : Interval
        Wilson's intervals of the shares.
    n_loyal, n_others : int
        Customers.
    reason : str or None
        Why a ratio is missing.
    """

    odds_ratio: float
    odds_interval: Interval
    risk_ratio: float
    risk_interval: Interval
    loyal_share: float
    other_share: float
    loyal_interval: Interval
    other_interval: Interval
    n_loyal: int
    n_others: int
    reason: str | None = None

    def __str__(self) -> str:
        odds, risk = self.odds_interval, self.risk_interval
        return (
            f"{self.loyal_share:.1%} of {counted(self.n_loyal, 'loyal customer')} buy, "
            f"{self.other_share:.1%} of {counted(self.n_others, 'other')}: {self.risk_ratio:.2f} times as "
            f"likely ({risk.lower:.2f} to {risk.upper:.2f}), odds ratio {self.odds_ratio:.2f} "
            f"({odds.lower:.2f} to {odds.upper:.2f})"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossSellMargin:
    """Where the margin comes from, and how many products customers buy.

    Parameters
    ----------
    share : float
        Margin of other products over all margin; NaN where the whole is not greater than 0.
    interval : Interval or None
        Fieller's, over customers; None where `reason` says why.
    core_margin, other_margin : float
        Margin of the core products, and of all others, in money.
    breadth : float
        Different products per customer, on average.
    breadth_interval : Interval or None
        Student's; None where nothing shows a spread.
    n_customers : int
        Customers.
    reason : str or None
        Why something is missing.
    """

    share: float
    interval: Interval | None
    core_margin: float
    other_margin: float
    breadth: float
    breadth_interval: Interval | None
    n_customers: int
    reason: str | None = None

    def __str__(self) -> str:
        return (
            f"{self.share:.1%} of the margin of {counted(self.n_customers, 'customer')} comes from other "
            f"products; {self.breadth:.2f} products a customer"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def cross_sell_odds(
    loyal_buyers: int,
    n_loyal: int,
    other_buyers: int,
    n_others: int,
    *,
    confidence_level: float = 0.95,
) -> CrossSellOdds:
    r"""Are loyal customers likelier to buy another product? Odds ratio and ratio of shares.

    Parameters
    ----------
    loyal_buyers, n_loyal : int
        Loyal customers who bought it, of all loyal customers.
    other_buyers, n_others : int
        Other customers who bought it, of all others.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    CrossSellOdds
        Both ratios with intervals that are honest about empty cells.

    Raises
    ------
    InvalidInputError
        If a count is not whole, there are more buyers than customers, or a group is empty.

    Notes
    -----
    With shares \(p_1\) of the loyal and \(p_0\) of the others, "so many times likelier" is the risk ratio
    \(p_1 / p_0\), which is not the odds ratio

    \[ \psi = \frac{p_1 / (1 - p_1)}{p_0 / (1 - p_0)} : \]

    80 % against 40 % is twice as likely, and an odds ratio of 6. The interval of \(\psi\) inverts the score
    test (Cornfield, without correction): it holds all \(\psi\) for which the \(a\) loyal buyers are not
    significantly far from the \(\tilde a\) that \(\psi\) and the margins of the table imply,

    \[ (a - \tilde a)^2 \Bigl( \frac{1}{\tilde a} + \frac{1}{\tilde b} + \frac{1}{\tilde c} +
       \frac{1}{\tilde d} \Bigr) \le z^2 . \]

    It leaves 1 out exactly where Pearson's chi-squared test does. The interval of the risk ratio is recovered
    from Wilson's of the two shares (MOVER).

    References
    ----------
    Cornfield, J. (1956), A statistical problem arising from retrospective studies. Proceedings of the Third
    Berkeley Symposium on Mathematical Statistics and Probability 4, 135-148.

    Donner, A. and Zou, G. Y. (2012), Closed-form confidence intervals for functions of the normal mean and
    standard deviation, Statistical Methods in Medical Research 21(4): the ratio of two estimates.

    Examples
    --------
    >>> found = cross_sell_odds(80, 100, 40, 100)
    >>> (
    ...     found.risk_ratio,
    ...     round(found.risk_interval.lower, 2),
    ...     round(found.risk_interval.upper, 2),
    ... )
    (2.0, 1.56, 2.62)
    >>> (
    ...     found.odds_ratio,
    ...     round(found.odds_interval.lower, 2),
    ...     round(found.odds_interval.upper, 2),
    ... )
    (6.0, 3.2, 11.25)
    """
    check_confidence_level(confidence_level)
    a, n = _counts("loyal_buyers", loyal_buyers, "n_loyal", n_loyal)
    c, m = _counts("other_buyers", other_buyers, "n_others", n_others)
    lower, upper = wilson_interval([a, c], [n, m], confidence_level=confidence_level)
    first, second = (
        Interval(float(low), float(high), confidence_level) for low, high in zip(lower, upper, strict=True)
    )
    p, q = a / n, c / m
    nothing = a + c in {0.0, n + m}
    reason = None
    if nothing:
        reason = "nobody bought" if a + c == 0 else "everybody bought: odds have no ratio"
    odds = math.nan if nothing else math.inf if c == 0 or a == n else a * (m - c) / ((n - a) * c)
    risk = math.nan if a + c == 0 else math.inf if c == 0 else p / q
    return CrossSellOdds(
        odds_ratio=odds,
        odds_interval=Interval(*_odds_bounds(a, n, c, m, confidence_level), confidence_level),
        risk_ratio=risk,
        risk_interval=Interval(*_risk_bounds(p, first, q, second), confidence_level),
        loyal_share=p,
        other_share=q,
        loyal_interval=first,
        other_interval=second,
        n_loyal=int(n),
        n_others=int(m),
        reason=reason,
    )


def _counts(name: str, successes: int, total_name: str, total: int) -> tuple[float, float]:
    n = check_number(total_name, total, minimum=1.0, whole=True)
    a = check_number(name, successes, minimum=0.0, whole=True)
    if a > n:
        raise InvalidInputError(f"`{name}` must be at most `{total_name}`, got {a:g} of {n:g}")
    return a, n


def _odds_bounds(a: float, n: float, c: float, m: float, confidence_level: float) -> tuple[float, float]:
    """Odds ratios that the score test does not refuse."""
    total = a + c
    least, most = max(0.0, total - m), min(n, total)
    if least == most:
        return 0.0, math.inf
    z = student_quantile(math.inf, confidence_level)

    def excess(implied: float) -> float:
        """How far the count is above the implied one, in standard errors, less what is tolerated."""
        others = total - implied
        inverse = 1 / implied + 1 / (n - implied) + 1 / others + 1 / (m - others)
        return (a - implied) * math.sqrt(inverse)

    def odds(implied: float) -> float:
        others = total - implied
        return implied * (m - others) / ((n - implied) * others)

    # The ends of the table are where an implied cell is 0, and the statistic infinite.
    width = most - least
    below, above = least + 1e-12 * width, most - 1e-12 * width
    lower, upper = 0.0, math.inf
    if a > least:
        lower = odds(float(brentq(lambda x: excess(x) - z, below, min(a, above), xtol=1e-14 * width)))
    if a < most:
        upper = odds(float(brentq(lambda x: excess(x) + z, max(a, below), above, xtol=1e-14 * width)))
    return lower, upper


def _risk_bounds(p: float, first: Interval, q: float, second: Interval) -> tuple[float, float]:
    """Bounds of the ratio of two shares, recovered from those of each."""
    product = p * q

    def product_of(bound: float, share: float) -> float:
        return bound * (2.0 * share - bound)

    low, high = product_of(first.lower, p), product_of(first.upper, p)
    small, large = product_of(second.lower, q), product_of(second.upper, q)
    below = product + math.sqrt(max(product**2 - low * large, 0.0))
    lower = low / below if below > 0 else 0.0
    if small <= 0:
        return lower, math.inf
    return lower, (product + math.sqrt(max(product**2 - high * small, 0.0))) / small


def cross_sell_margin(
    sales: FrameT,
    *,
    customer: str,
    product: str,
    margin: str,
    core: Sequence[str | int],
    confidence_level: float = 0.95,
) -> CrossSellMargin:
    r"""Share of the margin that comes from other than the core products, and products per customer.

    Parameters
    ----------
    sales : data frame
        One row a sale: pandas, Polars (eager or lazy), PyArrow or DuckDB.
    customer, product : str
        Columns of ids: text, whole numbers or categories, none missing.
    margin : str
        Column of the margin of each sale, in money; returns and losses are negative.
    core : sequence of str or int
        Products for which customers come: everything else is cross-sold.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    CrossSellMargin
        The share and the breadth, with intervals over customers.

    Raises
    ------
    MissingColumnError
        If a column is not in the frame.
    InvalidInputError
        If a value is missing or of the wrong type, no core product is named, or there is no sale.

    Notes
    -----
    With \(o_i\) the margin of other products and \(m_i\) all margin of customer \(i\), the share is
    \(\sum_i o_i / \sum_i m_i\), with Fieller's interval over customers: sales of one customer are not
    independent of one another. The rows are added up where they are.

    References
    ----------
    Fieller, E. C. (1954), Some problems in interval estimation, Journal of the Royal Statistical Society
    B 16.
    [doi:10.1111/j.2517-6161.1954.tb00159.x](https://doi.org/10.1111/j.2517-6161.1954.tb00159.x).

    Examples
    --------
    >>> import pandas as pd
    >>> sales = pd.DataFrame(
    ...     {
    ...         "id": [1, 1, 2, 3],
    ...         "product": ["phone", "case", "phone", "phone"],
    ...         "margin": [10.0, 15.0, 10.0, 5.0],
    ...     }
    ... )
    >>> found = cross_sell_margin(
    ...     sales, customer="id", product="product", margin="margin", core=["phone"]
    ... )
    >>> found.share, round(found.breadth, 3)
    (0.375, 1.333)
    """
    check_confidence_level(confidence_level)
    names = tuple(core)
    if isinstance(core, str) or not names or not all(isinstance(x, str | int) for x in names):
        raise InvalidInputError(
            f"`core` must be a sequence of products, text or whole numbers, got {core!r}; "
            'for instance ["phone"]'
        )
    engine = engine_of("sales", sales)
    columns: dict[str, str | None] = {"customer": customer, "product": product, "margin": margin}
    if is_lazy(engine):
        lazy = LazyFrame(sales, engine)
        check_columns(lazy.columns, columns)
        sums = _lazy_sums(lazy, customer, product, margin, names)
    else:
        memory = MemoryFrame(sales, engine)
        check_columns(memory.columns, columns)
        sums = _memory_sums(memory, customer, product, margin, names)
    if sums["n"] == 0:
        raise InvalidInputError("`sales` must have at least one row, got none")
    return _margin(sums, confidence_level)


def _memory_sums(
    frame: MemoryFrame[FrameT], customer: str, product: str, margin: str, core: tuple[str | int, ...]
) -> dict[str, float]:
    who, what = frame.ids(customer, "customer"), frame.ids(product, "product")
    money = frame.amounts(margin, "margin")
    is_core: BoolArray = np.zeros(what.size, dtype=np.bool_)
    present = np.unique(what.codes).astype(np.int64)
    labels = as_series(what.labels(present)).to_list() if present.size else []
    is_core[present] = [label in core for label in labels]
    n = who.size
    codes = who.codes.astype(np.int64)
    pairs = np.unique(codes * np.int64(max(what.size, 1)) + what.codes) // max(what.size, 1)
    there = np.bincount(codes, minlength=n) > 0
    x = sum_by(codes, money, n)[there]
    y = sum_by(codes, np.where(is_core[what.codes], 0.0, money), n)[there]
    b = np.bincount(pairs, minlength=n)[there].astype(np.float64)
    found = (y, x, b, y * y, x * y, x * x, b * b, np.ones_like(x))
    return {name: float(values.sum()) for name, values in zip(_SUMS, found, strict=True)}


def _lazy_sums(
    frame: LazyFrame[FrameT], customer: str, product: str, margin: str, core: tuple[str | int, ...]
) -> dict[str, float]:
    frame.check_ids(customer, "customer")
    frame.check_ids(product, "product")
    frame.check_numbers(margin, "margin")
    money = nw.col(margin).cast(nw.Float64)
    odd = ~((money >= -1e300) & (money <= 1e300)) | money.is_null()
    refuse_broken(
        frame,
        [
            no_id("customer", customer),
            no_id("product", product),
            Broken("margin", margin, odd, AMOUNT_RULE, "something else", AMOUNT_REMEDY),
        ],
    )
    is_core = nw.lit(value=False)
    for name in core:
        is_name = is_id(frame.schema, product, name)
        is_core = is_core if is_name is None else is_core | is_name
    rows = frame.frame.select(
        nw.col(customer).alias("customer"),
        nw.col(product).alias("product"),
        money.alias("x"),
        nw.when(is_core).then(nw.lit(0.0)).otherwise(money).alias("y"),
    )
    pairs = rows.group_by("customer", "product").agg(nw.col("x").sum(), nw.col("y").sum())
    each = pairs.group_by("customer").agg(nw.col("x").sum(), nw.col("y").sum(), b=nw.len())
    x, y, b = nw.col("x"), nw.col("y"), nw.col("b").cast(nw.Float64)
    squares = each.with_columns(
        b=b, yy=y * y, xy=x * y, xx=x * x, bb=b * b, n=flag(~nw.col("customer").is_null())
    )
    table = frame.collect_arrays(squares.select(*(nw.col(name).sum() for name in _SUMS)))
    return {name: float(np.nan_to_num(table[name][0])) for name in _SUMS}


def _margin(sums: dict[str, float], confidence_level: float) -> CrossSellMargin:
    n, y, x, b = (sums[name] for name in ("n", "y", "x", "b"))
    share, interval, reason = math.nan, None, None
    if x <= 0:
        reason = "the whole margin is not greater than 0"
    else:
        share = y / x
        reason = "one customer shows nothing about others"
    breadth_interval = None
    if n > 1:
        vyy, vxy, vxx, vbb = (
            (sums[p + q] - sums[p] * sums[q] / n) / ((n - 1.0) * n) for p, q in ("yy", "xy", "xx", "bb")
        )
        # What is left of equal numbers after rounding is no spread.
        if vbb > 1e-14 * sums["bb"] / n:
            breadth_interval = around(b / n, vbb, n - 1.0, confidence_level)
        if x > 0:
            moments = Moments(y / n, x / n, vyy, vxy, vxx)
            interval, reason = ratio_interval(moments, n - 1.0, confidence_level)
    return CrossSellMargin(
        share=share,
        interval=interval,
        core_margin=x - y,
        other_margin=y,
        breadth=b / n,
        breadth_interval=breadth_interval,
        n_customers=int(n),
        reason=reason,
    )
