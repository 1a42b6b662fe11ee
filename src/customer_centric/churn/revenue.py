"""Where recurring revenue came from and went: movements that add up, and retention with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import narwhals.stable.v2 as nw
import numpy as np
from scipy.special import stdtrit

from customer_centric._core.checks import check_choice, check_confidence_level
from customer_centric._core.frames import LazyFrame, MemoryFrame, check_columns, engine_of, is_lazy
from customer_centric._core.frames.lazy import flag
from customer_centric._core.frames.lazy_checks import Broken, refuse_broken
from customer_centric._core.frames.problems import in_column, raise_where
from customer_centric.intervals import Interval, wilson_interval
from customer_centric.typing import FloatArray, FrameT

__all__ = ["RevenueMovement", "revenue_movement"]

_RULE: Final = "finite numbers of at least 0"
_REMEDY: Final = "book credits and refunds in the revenue of their customer, or leave them out"
_SUMS: Final = (
    *("opening", "closing", "new", "reactivation", "expansion", "contraction", "churn"),
    *("kept", "stayed", "open2", "kept2", "stayed2", "open_kept", "open_stayed", "n_open", "n_lost"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueMovement:
    """Recurring revenue from the start of a period to its end; amounts in money per period, 0 or more.

    Parameters
    ----------
    opening, new, reactivation, expansion, contraction, churn, closing : float
        Revenue at the start; of customers who never paid before; of customers who paid before, but not at
        the start; gained and lost of customers who stayed; of customers who left; at the end.
    gross_retention : float
        Share of the opening revenue that was kept, expansion not counted, in [0, 1]; NaN without any.
    net_retention : float
        Revenue at the end of the customers of the start over their revenue at the start, 0 or more.
    quick_ratio : float
        New, reactivation and expansion over contraction and churn; infinite where nothing was lost.
    gross_interval, net_interval : Interval or None
        Bounds of the retentions; None where `reason` says why.
    n_opening, n_lost : int
        Customers at the start, and those of them who left.
    effective_accounts : float
        Customers of equal size who would be as concentrated: one over the sum of squared shares.
    reason : str or None
        Why an interval is missing or hardly to be trusted.

    Notes
    -----
    `opening + new + reactivation + expansion - contraction - churn == closing`.
    """

    opening: float
    new: float
    reactivation: float
    expansion: float
    contraction: float
    churn: float
    closing: float
    gross_retention: float
    net_retention: float
    quick_ratio: float
    gross_interval: Interval | None
    net_interval: Interval | None
    n_opening: int
    n_lost: int
    effective_accounts: float
    reason: str | None = None

    @property
    def gross_churn(self) -> float:
        """Share of the opening revenue that was lost: one less gross retention."""
        return 1.0 - self.gross_retention

    @property
    def net_churn(self) -> float:
        """One less net retention; negative where customers who stayed grew more than others left."""
        return 1.0 - self.net_retention

    def _repr_html_(self) -> str:
        names = ("opening", "new", "reactivation", "expansion", "contraction", "churn", "closing")
        cells = "".join(f"<tr><th>{name}</th><td>{getattr(self, name):,.2f}</td></tr>" for name in names)
        return (
            f"<table>{cells}</table><p>gross retention {self.gross_retention:.1%}, "
            f"net retention {self.net_retention:.1%}</p>"
        )


def revenue_movement(
    accounts: FrameT,
    *,
    opening: str,
    closing: str,
    paid_before: str | None = None,
    reactivation: Literal["exclude", "include"] = "exclude",
    confidence_level: float = 0.95,
) -> RevenueMovement:
    r"""Movements of recurring revenue between two days, with gross and net retention.

    Parameters
    ----------
    accounts : data frame
        One row a customer, of any engine; a customer with several subscriptions is one row.
    opening, closing : str
        Columns of the recurring revenue at the start and at the end of the period: finite numbers, 0 or
        more; 0 where somebody was no customer.
    paid_before : str, optional
        Column that says, by 1 or true, who paid at some time before the start. It tells reactivation from
        new revenue; without it all of it is new.
    reactivation : {"exclude", "include"}, default "exclude"
        Whether revenue that came back counts in net retention.
    confidence_level : float, default 0.95
        Nominal coverage of the intervals, strictly between 0 and 1.

    Returns
    -------
    RevenueMovement
        Movements that add up, retentions with intervals.

    Raises
    ------
    MissingColumnError
        If a column is not in the frame.
    InvalidInputError
        If a revenue is negative, missing or not finite.

    Notes
    -----
    With \(x_i\) and \(y_i\) the revenue of customer \(i\) at the start and the end,

    \[ \mathrm{GRR} = \frac{\sum_{x_i > 0} \min(x_i, y_i)}{\sum x_i}, \qquad
       \mathrm{NRR} = \frac{\sum_{x_i > 0} y_i}{\sum x_i} . \]

    Both are ratios over customers, and large customers make them uncertain: the standard error of a ratio
    \(R = \sum y_i / \sum x_i\) is \(\sqrt{\frac{n}{n-1} \sum (y_i - R x_i)^2} / \sum x_i\). Net retention has
    the t-interval of it with the effective accounts \((\sum x_i)^2 / \sum x_i^2\), at least 2, for \(n\):
    where a few customers are large, the textbook's \(n - 1\) degrees of freedom are far too many. Gross
    retention has Wilson's on the customers that this error amounts to, and never more than the effective
    accounts.

    References
    ----------
    Cochran, W. G. (1977), Sampling Techniques, 3rd edition. Wiley, section 6.3: the ratio estimate.

    Examples
    --------
    >>> import pandas as pd
    >>> accounts = pd.DataFrame(
    ...     {
    ...         "before": [100, 50, 30, 0, 0],
    ...         "after": [120, 40, 0, 60, 10],
    ...         "old": [1, 1, 1, 0, 1],
    ...     }
    ... )
    >>> moved = revenue_movement(accounts, opening="before", closing="after", paid_before="old")
    >>> moved.new, moved.reactivation, moved.expansion, moved.contraction, moved.churn
    (60.0, 10.0, 20.0, 10.0, 30.0)
    >>> round(moved.gross_retention, 3), round(moved.net_retention, 3)
    (0.778, 0.889)
    """
    check_choice("reactivation", reactivation, ("exclude", "include"))
    check_confidence_level(confidence_level)
    engine = engine_of("accounts", accounts)
    columns = {"opening": opening, "closing": closing, "paid_before": paid_before}
    if is_lazy(engine):
        lazy = LazyFrame(accounts, engine)
        check_columns(lazy.columns, columns)
        sums = _lazy_sums(lazy, opening, closing, paid_before)
    else:
        memory = MemoryFrame(accounts, engine)
        check_columns(memory.columns, columns)
        sums = _memory_sums(memory, opening, closing, paid_before)
    return _movement(sums, reactivation, confidence_level)


def _memory_sums(
    frame: MemoryFrame[FrameT], opening: str, closing: str, paid_before: str | None
) -> dict[str, float]:
    x, y = (_revenue(frame, column, role) for column, role in ((opening, "opening"), (closing, "closing")))
    known = np.zeros(x.size) if paid_before is None else frame.flags(paid_before, "paid_before")
    there, stays = x > 0, y > 0
    kept, stayed = np.where(there, np.minimum(x, y), 0.0), np.where(there, y, 0.0)
    came = np.where(there, 0.0, y)
    columns = {
        "opening": x,
        "closing": y,
        "new": came * (1.0 - known),
        "reactivation": came * known,
        "expansion": np.where(there, np.maximum(y - x, 0.0), 0.0),
        "contraction": np.where(there & stays, np.maximum(x - y, 0.0), 0.0),
        "churn": np.where(stays, 0.0, x),
        "kept": kept,
        "stayed": stayed,
        "open2": x**2,
        "kept2": kept**2,
        "stayed2": stayed**2,
        "open_kept": x * kept,
        "open_stayed": x * stayed,
        "n_open": there.astype(np.float64),
        "n_lost": (there & ~stays).astype(np.float64),
    }
    return {name: float(values.sum()) for name, values in columns.items()}


def _revenue(frame: MemoryFrame[FrameT], column: str, role: str) -> FloatArray:
    values = frame.amounts(column, role)
    raise_where(in_column(role, column), _RULE, values < 0, values, remedy=_REMEDY)
    return values


def _lazy_sums(
    frame: LazyFrame[FrameT], opening: str, closing: str, paid_before: str | None
) -> dict[str, float]:
    for column, role in ((opening, "opening"), (closing, "closing")):
        frame.check_numbers(column, role)
    x, y = nw.col("x"), nw.col("y")
    known = nw.lit(0.0)
    if paid_before is not None:
        if frame.schema[paid_before] != nw.Boolean:
            frame.check_numbers(paid_before, "paid_before")
        known = nw.col(paid_before).cast(nw.Float64)
    broken = [_no_revenue("opening", opening), _no_revenue("closing", closing)]
    if paid_before is not None:
        neither = known.is_null() | ~((known == 0) | (known == 1))
        broken.append(
            Broken(
                "paid_before", paid_before, neither, "0 or 1", "something else", "make it true or false first"
            )
        )
    refuse_broken(frame, broken)
    rows = frame.frame.select(
        nw.col(opening).cast(nw.Float64).alias("x"),
        nw.col(closing).cast(nw.Float64).alias("y"),
        known.alias("known"),
    )
    zero = nw.lit(0.0)
    there, stays = x > 0, y > 0
    came = nw.when(there).then(zero).otherwise(y)
    kept = nw.when(there & (y < x)).then(y).otherwise(x)
    stayed = nw.when(there).then(y).otherwise(zero)
    moved = rows.with_columns(
        x.alias("opening"),
        y.alias("closing"),
        (came * (1.0 - nw.col("known"))).alias("new"),
        (came * nw.col("known")).alias("reactivation"),
        nw.when(there & (y > x)).then(y - x).otherwise(zero).alias("expansion"),
        nw.when(stays & (y < x)).then(x - y).otherwise(zero).alias("contraction"),
        nw.when(stays).then(zero).otherwise(x).alias("churn"),
        kept.alias("kept"),
        stayed.alias("stayed"),
        (x * x).alias("open2"),
        (kept * kept).alias("kept2"),
        (stayed * stayed).alias("stayed2"),
        (x * kept).alias("open_kept"),
        (x * stayed).alias("open_stayed"),
        flag(there).alias("n_open"),
        flag(there & ~stays).alias("n_lost"),
    )
    found = frame.collect_arrays(moved.select(*(nw.col(name).sum() for name in _SUMS)))
    return {name: float(np.nan_to_num(values[0])) for name, values in found.items()}


def _no_revenue(role: str, column: str) -> Broken:
    """Rows whose number cannot be revenue."""
    value = nw.col(column).cast(nw.Float64)
    odd = value.is_null() | ~(value >= 0) | ~(value < float("inf"))
    return Broken(role, column, odd, _RULE, "something else", _REMEDY)


def _movement(sums: dict[str, float], reactivation: str, confidence_level: float) -> RevenueMovement:
    base, n = sums["opening"], int(sums["n_open"])
    back = sums["reactivation"] if reactivation == "include" else 0.0
    gained = sums["new"] + sums["reactivation"] + sums["expansion"]
    gone = sums["contraction"] + sums["churn"]
    effective = base**2 / sums["open2"] if base > 0 else 0.0
    gross = sums["kept"] / base if base > 0 else float("nan")
    net = (sums["stayed"] + back) / base if base > 0 else float("nan")
    gross_interval: Interval | None = None
    net_interval: Interval | None = None
    reason: str | None = "there is no revenue at the start"
    if base > 0:
        gross_error = _ratio_error(gross, sums["kept2"], sums["open_kept"], sums["open2"], base, n)
        gross_interval = _gross_interval(gross, gross_error, effective, confidence_level)
        stayed_share = sums["stayed"] / base
        error = _ratio_error(stayed_share, sums["stayed2"], sums["open_stayed"], sums["open2"], base, n)
        net_interval, reason = _net_interval(net, error, n, effective, confidence_level)
    return RevenueMovement(
        opening=base,
        new=sums["new"],
        reactivation=sums["reactivation"],
        expansion=sums["expansion"],
        contraction=sums["contraction"],
        churn=sums["churn"],
        closing=sums["closing"],
        gross_retention=gross,
        net_retention=net,
        quick_ratio=gained / gone if gone > 0 else (float("inf") if gained > 0 else float("nan")),
        gross_interval=gross_interval,
        net_interval=net_interval,
        n_opening=n,
        n_lost=int(sums["n_lost"]),
        effective_accounts=effective,
        reason=reason,
    )


def _ratio_error(ratio: float, yy: float, xy: float, xx: float, base: float, n: int) -> float:
    """Standard error of a ratio of sums over customers; NaN for one customer."""
    if n < 2:
        return float("nan")
    squares = max(yy - 2.0 * ratio * xy + ratio**2 * xx, 0.0)
    # What is left of equal numbers after rounding is no spread.
    squares = squares if squares > 1e-12 * (yy + ratio**2 * xx) else 0.0
    return float(np.sqrt(n / (n - 1.0) * squares) / base)


def _gross_interval(gross: float, error: float, effective: float, confidence_level: float) -> Interval:
    spread = gross * (1.0 - gross)
    n = min(spread / error**2, effective) if error > 0 and spread > 0 else effective
    lower, upper = wilson_interval(min(gross, 1.0) * n, n, confidence_level=confidence_level)
    return Interval(float(lower), float(upper), confidence_level)


def _net_interval(
    net: float, error: float, n: int, effective: float, confidence_level: float
) -> tuple[Interval | None, str | None]:
    if n < 2:
        return None, "one customer shows nothing about others"
    if error == 0:
        return None, "all customers moved alike, so nothing shows how much others may move"
    # Few large customers are few customers, for the spread and for what is known of it.
    counted = max(effective, 2.0)
    error *= float(np.sqrt(counted / (counted - 1.0) * (n - 1.0) / n))
    reach = -float(stdtrit(counted - 1.0, 0.5 * (1.0 - confidence_level))) * error
    reason = None
    if effective < 30:
        reason = f"revenue is concentrated: it is spread as over {effective:.1f} customers of equal size"
    return Interval(max(net - reach, 0.0), net + reach, confidence_level), reason
