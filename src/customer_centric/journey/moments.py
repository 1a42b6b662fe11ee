"""Moments of truth: where most is at stake, whether or not it goes wrong today."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from customer_centric._core.checks import as_floats, check_array, check_confidence_level
from customer_centric._core.tabulate import sum_by
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import mover_interval, wilson_interval
from customer_centric.journey._first_visits import FirstVisits, cell_means, first_visits
from customer_centric.journey.signals import SignalTable
from customer_centric.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MomentsOfTruth", "moments_of_truth"]

Role: TypeAlias = Literal["fix", "protect", "watch"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MomentsOfTruth:
    r"""What is at stake at each touchpoint, and what is lost there.

    Parameters
    ----------
    touchpoints : tuple of str
        Touchpoints by stake, largest first; those whose stake is not known last.
    n, n_flagged : ndarray of int of shape (n_touchpoints,)
        Journeys that came there, and those whose first visit there was flagged.
    p_clean, p_flagged : ndarray of shape (n_touchpoints,)
        Share of journeys that convert after a clean and after a flagged first visit, of the same channels.
    gap, gap_lower, gap_upper : ndarray of shape (n_touchpoints,)
        Their difference and its limits; NaN where one of them is not known.
    stake, stake_lower, stake_upper : ndarray of shape (n_touchpoints,)
        Lost if every one of these visits went wrong, in journeys or money.
    loss, loss_lower, loss_upper : ndarray of shape (n_touchpoints,)
        Lost by those that did.
    role : tuple of {"fix", "protect", "watch"}
        "watch": it is not sure that anything is at stake. Otherwise "fix" where visits go wrong more often
        than they do over all stakes, "protect" where less often.
    unit : {"journeys", "money"}
        What stake and loss are in.
    n_journeys, n_unknown : int
        Journeys with a known outcome, and those left out.
    confidence_level : float
        Nominal coverage of the limits of each touchpoint.
    """

    touchpoints: tuple[str, ...]
    n: IntArray
    n_flagged: IntArray
    p_clean: FloatArray
    p_flagged: FloatArray
    gap: FloatArray
    gap_lower: FloatArray
    gap_upper: FloatArray
    stake: FloatArray
    stake_lower: FloatArray
    stake_upper: FloatArray
    loss: FloatArray
    loss_lower: FloatArray
    loss_upper: FloatArray
    role: tuple[Role, ...]
    unit: Literal["journeys", "money"]
    n_journeys: int
    n_unknown: int
    confidence_level: float

    def to_frame(self) -> pd.DataFrame:
        """One row a touchpoint, the largest stake first."""
        import pandas as pd

        names = [
            "n", "n_flagged", "p_clean", "p_flagged", "gap", "gap_lower", "gap_upper", "stake", "stake_lower",
            "stake_upper", "loss", "loss_lower", "loss_upper",
        ]  # fmt: skip
        columns = {name: getattr(self, name) for name in names}
        return pd.DataFrame({"touchpoint": list(self.touchpoints), **columns, "role": list(self.role)})

    def __str__(self) -> str:
        if not self.touchpoints or np.isnan(self.stake[0]):
            return f"moments of truth: no stake is known, from {counted(self.n_journeys, 'journey')}"
        return (
            f"most is at stake at {self.touchpoints[0]}: {self.stake[0]:,.0f} "
            f"({100 * self.confidence_level:g} % interval {self.stake_lower[0]:,.0f} to "
            f"{self.stake_upper[0]:,.0f}) {self.unit}, of which {self.loss[0]:,.0f} are lost today; "
            f"from {counted(self.n_journeys, 'journey')}"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.to_frame())


def moments_of_truth(
    signals: SignalTable,
    *,
    studied: Collection[str] | None = None,
    outcome: ArrayLike | None = None,
    value: ArrayLike | None = None,
    confidence_level: float = 0.90,
) -> MomentsOfTruth:
    r"""Touchpoints by what would be lost if every visit to them went wrong, with what is lost today.

    Parameters
    ----------
    signals : SignalTable
        From `detect_signals`.
    studied : collection of str, optional
        Signals that make a visit a flagged one; all system signals by default.
    outcome : array_like of shape (n_journeys,), optional
        Whether each journey converted: 1, 0 or a probability; NaN where it is not known. By default
        `journeys.outcome`.
    value : array_like of shape (n_journeys,), optional
        Money that a converted journey brings more than a lost one, 0 or more.
    confidence_level : float, default 0.90
        Nominal coverage of the limits of each touchpoint, strictly between 0 and 1.

    Returns
    -------
    MomentsOfTruth
        Touchpoints by stake.

    Raises
    ------
    InvalidInputError
        If no outcome is known, or an argument has the wrong length or range.

    Notes
    -----
    Each journey counts once at a touchpoint, by its first visit there. With \(n_s\) journeys, \(f_s\) of them
    flagged at that visit, \(V_s\) their mean value, and \(p^0_s\), \(p^1_s\) the shares that convert after a
    clean and after a flagged one, averaged over channels that have both with the weights of all journeys,

    \[ \text{stake}_s = n_s\,(p^0_s - p^1_s)\,V_s, \qquad \text{loss}_s = f_s\,(p^0_s - p^1_s)\,V_s . \]

    Limits put together Wilson's limits of the shares (MOVER), at the effective number of journeys where
    customers have several; counts and values are taken as they are. A touchpoint that was never flagged has
    a stake that the log does not tell, with the widest limits: it is not one without.

    The loss here is that of each touchpoint looked at alone, and does not add up over touchpoints;
    `friction_loss` counts each journey once. Both are associations.

    Examples
    --------
    >>> from datetime import timedelta
    >>> import numpy as np
    >>> from customer_centric import EventSchema, detect_signals, find_journeys, prepare_log
    >>> from customer_centric.simulate import simulate_journeys
    >>> world = simulate_journeys(5000, rng=np.random.default_rng(1))
    >>> log = prepare_log(world.log, EventSchema.full())
    >>> journeys = find_journeys(
    ...     log,
    ...     goal="purchase",
    ...     contact="support",
    ...     end=world.end,
    ...     closed_after=timedelta(hours=2),
    ... )
    >>> found = moments_of_truth(detect_signals(journeys))
    >>> found.touchpoints[0], found.role[0]
    ('payment', 'fix')
    """
    level = check_confidence_level(confidence_level)
    rows = first_visits(signals, studied, outcome)
    money = _values(value, signals.journeys.n_journeys)
    n_codes = len(signals.journeys.visits.touchpoints)
    n = np.bincount(rows.touchpoint, minlength=n_codes)
    n_flagged = np.bincount(rows.touchpoint[rows.flagged], minlength=n_codes)
    gap, stake, loss = _stakes(
        rows, n, n_flagged, sum_by(rows.touchpoint, money[rows.journey], n_codes), level
    )
    seen = np.flatnonzero(n)
    order = seen[np.argsort(np.where(np.isnan(stake[seen, 0]), np.inf, -stake[seen, 0]), kind="stable")]
    names = signals.journeys.visits.touchpoints
    listed: list[int] = order.tolist()
    n_known = int(np.unique(rows.journey).size)
    return MomentsOfTruth(
        touchpoints=tuple(names[s] for s in listed),
        n=n[order],
        n_flagged=n_flagged[order],
        p_clean=gap[order, 0],
        p_flagged=gap[order, 1],
        gap=gap[order, 2],
        gap_lower=gap[order, 3],
        gap_upper=gap[order, 4],
        stake=stake[order, 0],
        stake_lower=stake[order, 1],
        stake_upper=stake[order, 2],
        loss=loss[order, 0],
        loss_lower=loss[order, 1],
        loss_upper=loss[order, 2],
        role=_roles(stake[order], loss[order]),
        unit="journeys" if value is None else "money",
        n_journeys=n_known,
        n_unknown=signals.journeys.n_journeys - n_known,
        confidence_level=level,
    )


def _stakes(
    rows: FirstVisits, n: IntArray, n_flagged: IntArray, at_stake: FloatArray, level: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Shares and gaps of each touchpoint, what is at stake by them, and what is lost, each with limits."""
    found = [_gap(rows, s, len(rows.channels), level) for s in range(n.size)]
    gap = np.array(found, dtype=np.float64).reshape(n.size, 5)
    mean_value = np.divide(at_stake, n, out=np.zeros(n.size), where=n > 0)
    stake = np.asarray(at_stake[:, None] * gap[:, 2:], dtype=np.float64)
    loss = np.asarray((n_flagged * mean_value)[:, None] * gap[:, 2:], dtype=np.float64)
    # A touchpoint without a flag has lost nothing, whatever its stake.
    loss[n_flagged == 0] = 0.0
    return gap, stake, loss


def _values(value: ArrayLike | None, n: int) -> FloatArray:
    if value is None:
        return np.ones(n)
    if as_floats("value", value).shape != (n,):
        raise InvalidInputError(
            f"`value` must have one number a journey, got shape {np.shape(value)} for {counted(n, 'journey')}"
        )
    return check_array("value", value, minimum=0.0)


def _gap(rows: FirstVisits, touchpoint: int, n_channels: int, level: float) -> list[float]:
    """Shares after clean and flagged visits, their difference and its limits."""
    here = rows.touchpoint == touchpoint
    cell = rows.channel[here] + n_channels * rows.flagged[here]
    found = cell_means(rows.outcome[here], cell, 2 * n_channels, rows.customer[here])
    n = found.n.reshape(2, -1)
    both = (n > 0).all(axis=0)
    if not both.any():
        pooled = cell_means(rows.outcome[here], rows.flagged[here].astype(np.int64), 2, rows.customer[here])
        shares = pooled.mean
        low, high = wilson_interval(
            np.nan_to_num(shares) * pooled.effective, pooled.effective, confidence_level=level
        )
        return [shares[0], shares[1], np.nan, float(low[0] - high[1]), float(high[0] - low[1])]
    weight = n.sum(axis=0)[both] / n.sum(axis=0)[both].sum()
    mean, effective = found.mean.reshape(2, -1)[:, both], found.effective.reshape(2, -1)[:, both]
    low, high = wilson_interval(mean * effective, effective, confidence_level=level)
    lower, upper = mover_interval(
        mean.ravel(),
        np.minimum(low, mean).ravel(),
        np.maximum(high, mean).ravel(),
        coefficients=np.concatenate([weight, -weight]),
    )
    clean, flagged = (mean @ weight).tolist()
    return [clean, flagged, clean - flagged, float(lower), float(upper)]


def _roles(stake: FloatArray, loss: FloatArray) -> tuple[Role, ...]:
    sure = (stake[:, 1] > 0) & ~np.isnan(stake[:, 0])
    usual = loss[sure, 0].sum() / stake[sure, 0].sum() if sure.any() else np.nan
    often = loss[:, 0] >= usual * stake[:, 0]
    return tuple("watch" if not s else "fix" if o else "protect" for s, o in zip(sure, often, strict=True))
