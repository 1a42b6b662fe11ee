"""Metrics of five processes side by side, each with its uncertainty, and no total that hides them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from customer_centric._core.checks import check_choice, check_number
from customer_centric._core.words import as_html, counted
from customer_centric.economics.benchmark import BenchmarkGap, Better, benchmark_gap
from customer_centric.economics.measurement import Measurement, check_measurement
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FIVE_PROCESSES", "Metric", "MoneyLink", "Scorecard", "WeightedTotal", "scorecard"]

FIVE_PROCESSES: Final[tuple[str, ...]] = (
    "strategy",
    "dual value creation",
    "multichannel integration",
    "information management",
    "performance assessment",
)
"""The five processes of customer management of Payne and Frow (2005)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLink:
    """What a change of a metric brings in money.

    Parameters
    ----------
    per_unit : float
        Money for each unit by which the metric grows; negative where growth is bad.
    interval : Interval
        Bounds of it.
    source : str
        Where it comes from: an experiment, a regression, a guess.

    Raises
    ------
    InvalidInputError
        If the number is not finite, or the source is empty.

    Examples
    --------
    >>> link = MoneyLink(
    ...     per_unit=40.0, interval=Interval(10.0, 70.0, 0.90), source="uplift test"
    ... )
    >>> link.of_change(5.0)
    (200.0, Interval(lower=50.0, upper=350.0, confidence_level=0.9))
    """

    per_unit: float
    interval: Interval
    source: str

    def __post_init__(self) -> None:
        check_number("per_unit", self.per_unit)
        _check_interval("interval", self.interval)
        _check_words("source", self.source)

    @classmethod
    def of_elasticity(
        cls, elasticity: float, *, interval: Interval, money: float, at: float, source: str
    ) -> Self:
        """The slope of an elasticity: percent of `money` for each percent of the metric, where it is `at`."""
        check_number("elasticity", elasticity)
        _check_interval("interval", interval)
        check_number("money", money)
        if check_number("at", at) == 0.0:
            raise InvalidInputError("`at` must not be 0, got 0; a percentage of 0 is nothing, give the slope")
        return cls(per_unit=elasticity * money / at, interval=_scaled(interval, money / at), source=source)

    def of_change(self, change: float) -> tuple[float, Interval]:
        """Money that a change of the metric by so many units brings, and its bounds."""
        check_number("change", change)
        return self.per_unit * change, _scaled(self.interval, change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One line of a scorecard.

    Parameters
    ----------
    name : str
        What people call it.
    pillar : str
        The process it belongs to.
    measurement : Measurement
        Its value, definition, interval and n.
    unit : str
        Of the value: "share", "points", "EUR a year".
    better : {"higher", "lower"}
        Which of the two is good.
    source : str
        Where the value comes from.
    date : str
        When it was measured, or of which period it is.
    benchmark : Measurement or None, default None
        What it is compared with; see `benchmark_gap`.
    mismatch : str or None, default None
        How the definition of the benchmark differs, where it does.
    money : MoneyLink or None, default None
        What a change brings.

    Raises
    ------
    InvalidInputError
        If words are missing, or the benchmark cannot be compared.
    """

    name: str
    pillar: str
    measurement: Measurement
    unit: str
    better: Better
    source: str
    date: str
    benchmark: Measurement | None = None
    mismatch: str | None = None
    money: MoneyLink | None = None

    def __post_init__(self) -> None:
        for name in ("name", "pillar", "unit", "source", "date"):
            _check_words(name, getattr(self, name))
        check_measurement("measurement", self.measurement)
        check_choice("better", self.better, ("higher", "lower"))
        if self.benchmark is None and self.mismatch is not None:
            raise InvalidInputError("`mismatch` must come with a `benchmark`, got none")
        _ = self.gap  # refuses a benchmark that cannot be compared

    @property
    def gap(self) -> BenchmarkGap | None:
        """The gap to the benchmark, None where there is none."""
        if self.benchmark is None:
            return None
        return benchmark_gap(self.measurement, self.benchmark, better=self.better, mismatch=self.mismatch)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedTotal:
    """A weighted total, taken apart.

    Parameters
    ----------
    value : float
        Sum of the contributions: 0 if every metric were at the first of its two anchors, 1 at the second.
    interval : Interval or None
        Bounds that hold however the metrics are correlated; None where one that counts has no interval.
    contributions : mapping
        What each metric adds: weight times its position between the anchors.
    weights : mapping
        The weight of each metric; they sum to 1.
    anchors : mapping
        The values of each metric that count as 0 and as 1.
    """

    value: float
    interval: Interval | None
    contributions: Mapping[str, float]
    weights: Mapping[str, float]
    anchors: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """Metrics by pillar, with gaps to benchmarks and links to money.

    Parameters
    ----------
    metrics : tuple of Metric
        The metrics, in the order of the pillars.
    pillars : tuple of str
        The processes, with a metric or without.
    total : WeightedTotal or None
        Only where weights were given.
    """

    metrics: tuple[Metric, ...]
    pillars: tuple[str, ...]
    total: WeightedTotal | None

    @property
    def empty_pillars(self) -> tuple[str, ...]:
        """The processes that nothing measures."""
        used = {metric.pillar for metric in self.metrics}
        return tuple(pillar for pillar in self.pillars if pillar not in used)

    def to_frame(self) -> pd.DataFrame:
        """A row a metric, and one for each pillar without any.

        Columns: `pillar`, `metric`, `value`, `lower`, `upper`, `n`, `unit`, `better`, `benchmark`, `gap`,
        `gap_lower`, `gap_upper`, `verdict`, `money_per_unit`, `money_lower`, `money_upper`, `definition`,
        `source`, `date`, and with a total `weight` and `contribution`.
        """
        import pandas as pd

        rows: list[dict[str, object]] = []
        for pillar in self.pillars:
            found = [_row(metric, self.total) for metric in self.metrics if metric.pillar == pillar]
            rows += found or [{**dict.fromkeys(_COLUMNS), "pillar": pillar}]
        frame = pd.DataFrame(rows, columns=list(_COLUMNS))
        frame = frame.astype(dict.fromkeys(_NUMBERS, float))
        return frame if self.total is not None else frame.drop(columns=["weight", "contribution"])

    def __str__(self) -> str:
        words = [f"{counted(len(self.metrics), 'metric')} of {counted(len(self.pillars), 'pillar')}"]
        if self.empty_pillars:
            words.append(f"nothing measured: {', '.join(self.empty_pillars)}")
        verdicts = [metric.gap.verdict for metric in self.metrics if metric.gap is not None]
        order = ("better", "worse", "undecided", "not comparable")
        words += [f"{verdict}: {verdicts.count(verdict)}" for verdict in order if verdict in verdicts]
        if self.total is not None:
            bounds = self.total.interval
            told = "no interval" if bounds is None else f"{bounds.lower:.3f} to {bounds.upper:.3f}"
            words.append(f"weighted total {self.total.value:.3f} ({told})")
        return "; ".join(words)

    def _repr_html_(self) -> str:
        frame = self.to_frame()
        words = frame.columns.difference(list(_NUMBERS))
        frame[words] = frame[words].where(frame[words].notna(), "")
        table = frame.to_html(index=False, na_rep="", float_format="{:,.4g}".format, border=0)
        return as_html(self) + table


_COLUMNS: Final = (
    *("pillar", "metric", "value", "lower", "upper", "n", "unit", "better"),
    *("benchmark", "gap", "gap_lower", "gap_upper", "verdict"),
    *("money_per_unit", "money_lower", "money_upper", "definition", "source", "date"),
    *("weight", "contribution"),
)
_NUMBERS: Final = (
    *("value", "lower", "upper", "n", "benchmark", "gap", "gap_lower", "gap_upper"),
    *("money_per_unit", "money_lower", "money_upper", "weight", "contribution"),
)


def scorecard(
    metrics: Sequence[Metric],
    *,
    pillars: Sequence[str] = FIVE_PROCESSES,
    weights: Mapping[str, float] | None = None,
    anchors: Mapping[str, tuple[float, float]] | None = None,
) -> Scorecard:
    r"""Metrics of several processes side by side; a total only of weights that somebody stands for.

    Parameters
    ----------
    metrics : sequence of Metric
        The metrics, at least one, each with a name of its own.
    pillars : sequence of str, default FIVE_PROCESSES
        The processes, in the order of the report. Those that no metric belongs to are shown as empty.
    weights : mapping, optional
        Weight of every metric by its name, 0 or more, which sum to 1. Without weights there is no total.
    anchors : mapping, optional
        With weights, for every metric the values that count as 0 and as 1, fixed beforehand: what would be
        bad and what would be good. The second is below the first where lower is better.

    Returns
    -------
    Scorecard
        The metrics with their gaps and links, the empty pillars, and the total where there are weights.

    Raises
    ------
    InvalidInputError
        If there are no metrics, two have one name, one belongs to no pillar, or the weights and anchors do
        not name every metric, do not sum to 1 or are upside down.

    Notes
    -----
    With weights \(w_i\) and anchors \(a_i\) (counts as 0) and \(b_i\) (counts as 1), values \(x_i\)
    contribute

    \[ w_i \frac{x_i - a_i}{b_i - a_i}, \]

    neither clipped nor scaled by the best and worst of any peers, so that a total changes only if a metric
    does. Bounds of the total add up the reach of every metric, as if all were wrong in the same direction:
    for estimates that are about normal they hold whatever the correlations, and are wide.

    References
    ----------
    Payne, A. and Frow, P. (2005), A strategic framework for customer relationship management, Journal of
    Marketing 69(4). [doi:10.1509/jmkg.2005.69.4.167](https://doi.org/10.1509/jmkg.2005.69.4.167).

    Examples
    --------
    >>> kept = Metric(
    ...     name="retention",
    ...     pillar="performance assessment",
    ...     measurement=Measurement.of_share(830, 1_000, definition="kept for 12 months"),
    ...     unit="share",
    ...     better="higher",
    ...     source="billing",
    ...     date="2025",
    ... )
    >>> card = scorecard([kept])
    >>> card.empty_pillars
    ('strategy', 'dual value creation', 'multichannel integration', 'information management')
    """
    order = _check_pillars(pillars)
    if not metrics:
        raise InvalidInputError("`metrics` must have at least one metric, got none")
    if odd := [type(metric).__name__ for metric in metrics if not isinstance(metric, Metric)]:
        raise InvalidInputError(f"`metrics` must hold Metric, got {odd[0]}")
    names = [metric.name for metric in metrics]
    for position, metric in enumerate(metrics):
        if metric.name in names[:position]:
            raise InvalidInputError(f"`metrics` must have names of their own, got {metric.name!r} twice")
        if metric.pillar not in order:
            raise InvalidInputError(
                f"`metrics` must belong to one of `pillars`, got {metric.pillar!r} of {metric.name!r}; "
                f"the pillars are {', '.join(order)}"
            )
    placed = tuple(metric for pillar in order for metric in metrics if metric.pillar == pillar)
    if weights is None and anchors is not None:
        raise InvalidInputError(
            "`anchors` must come with `weights`, got no weights; there is no total without"
        )
    total = None if weights is None else _total(placed, weights, anchors or {})
    return Scorecard(metrics=placed, pillars=order, total=total)


def _check_words(name: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInputError(f"`{name}` must be words, got {value!r}")


def _check_interval(name: str, value: object) -> None:
    if not isinstance(value, Interval):
        raise InvalidInputError(f"`{name}` must be an Interval, got {type(value).__name__}")


def _check_pillars(pillars: Sequence[str]) -> tuple[str, ...]:
    order = tuple(pillars)
    if isinstance(pillars, str) or not order or len(set(order)) != len(order):
        raise InvalidInputError(f"`pillars` must be names, each once, got {pillars!r}")
    return order


def _scaled(interval: Interval, factor: float) -> Interval:
    """Bounds times a factor; an infinite bound times 0 is 0."""
    ends = [bound * factor if factor != 0.0 else 0.0 for bound in (interval.lower, interval.upper)]
    return Interval(min(ends), max(ends), interval.confidence_level)


def _total(
    metrics: tuple[Metric, ...],
    weights: Mapping[str, float],
    anchors: Mapping[str, tuple[float, float]],
) -> WeightedTotal:
    for name, given in (("weights", weights), ("anchors", anchors)):
        if odd := {metric.name for metric in metrics} ^ set(given):
            raise InvalidInputError(
                f"`{name}` must name every metric and nothing else, got a difference in "
                f"{', '.join(map(repr, sorted(odd)))}; a weight of 0 is written out"
            )
    for name, weight in weights.items():
        check_number(f"weights[{name!r}]", weight, minimum=0.0)
    total = math.fsum(weights.values())
    if not math.isclose(total, 1.0, rel_tol=0.0, abs_tol=1e-9):
        raise InvalidInputError(f"`weights` must sum to 1, got {total:g}")
    positions = {metric.name: _position(metric, anchors[metric.name]) for metric in metrics}
    contributions = {name: weights[name] * position[0] for name, position in positions.items()}
    return WeightedTotal(
        value=math.fsum(contributions.values()),
        interval=_total_interval(metrics, weights, positions),
        contributions=contributions,
        weights=dict(weights),
        anchors=dict(anchors),
    )


def _position(metric: Metric, anchors: tuple[float, float]) -> tuple[float, float, float]:
    """Where the value and its bounds lie between the anchors; NaN for bounds nobody knows."""
    zero, one = (check_number(f"anchors[{metric.name!r}]", anchor) for anchor in anchors)
    if zero == one or (one > zero) != (metric.better == "higher"):
        raise InvalidInputError(
            f"`anchors[{metric.name!r}]` must lead from bad to good, got {zero:g} and {one:g} where "
            f"{metric.better} is better"
        )
    bounds, value = metric.measurement.interval, metric.measurement.value
    ends = (math.nan, math.nan) if bounds is None else (bounds.lower, bounds.upper)
    lower, upper = sorted((end - zero) / (one - zero) for end in ends)
    return (value - zero) / (one - zero), lower, upper


def _total_interval(
    metrics: tuple[Metric, ...],
    weights: Mapping[str, float],
    positions: Mapping[str, tuple[float, float, float]],
) -> Interval | None:
    """The sum of all lower and of all upper bounds; None where a metric that counts has none."""
    counting = [metric for metric in metrics if weights[metric.name] > 0.0]
    bounds = [metric.measurement.interval for metric in counting]
    levels = {None if bound is None else bound.confidence_level for bound in bounds}
    if None in levels:
        return None
    if len(levels) > 1:
        raise InvalidInputError("`metrics` must have intervals of one confidence level for a total")
    lower = math.fsum(weights[metric.name] * positions[metric.name][1] for metric in counting)
    upper = math.fsum(weights[metric.name] * positions[metric.name][2] for metric in counting)
    return Interval(lower, upper, next(level for level in levels if level is not None))


def _row(metric: Metric, total: WeightedTotal | None) -> dict[str, object]:
    """A line of the table; None where there is nothing."""
    measured, gap, money = metric.measurement, metric.gap, metric.money
    return {
        "pillar": metric.pillar,
        "metric": metric.name,
        "value": measured.value,
        "lower": measured.interval and measured.interval.lower,
        "upper": measured.interval and measured.interval.upper,
        "n": measured.n,
        "unit": metric.unit,
        "better": metric.better,
        "benchmark": metric.benchmark and metric.benchmark.value,
        "gap": gap and gap.gap,
        "gap_lower": gap and gap.interval.lower,
        "gap_upper": gap and gap.interval.upper,
        "verdict": gap and gap.verdict,
        "money_per_unit": money and money.per_unit,
        "money_lower": money and money.interval.lower,
        "money_upper": money and money.interval.upper,
        "definition": measured.definition,
        "source": metric.source,
        "date": metric.date,
        "weight": total and total.weights[metric.name],
        "contribution": total and total.contributions[metric.name],
    }
