"""Whether we are better than a benchmark, given how sure both numbers are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from customer_centric._core.checks import check_choice
from customer_centric._core.words import as_html
from customer_centric.economics.measurement import Measurement, check_measurement
from customer_centric.errors import InvalidInputError
from customer_centric.intervals import Interval, mover_interval

__all__ = ["BenchmarkGap", "benchmark_gap"]

Better: TypeAlias = Literal["higher", "lower"]
GapVerdict: TypeAlias = Literal["better", "worse", "undecided", "not comparable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkGap:
    """How far one of our numbers is from a benchmark, and whether that can be told from chance.

    Parameters
    ----------
    gap : float
        Our value less the benchmark, in the unit of both.
    interval : Interval
        Bounds of the gap, from the uncertainty of both numbers.
    verdict : str
        "better" or "worse" where the whole interval is on that side of 0; "undecided" where it holds 0;
        "not comparable" where the two definitions differ.
    ours, benchmark : Measurement
        The two numbers.
    better : str
        "higher" or "lower": which is good.
    assumptions : tuple of str
        What was taken for granted, such as a benchmark without an interval.
    """

    gap: float
    interval: Interval
    verdict: GapVerdict
    ours: Measurement
    benchmark: Measurement
    better: Better
    assumptions: tuple[str, ...]

    def __str__(self) -> str:
        bounds = self.interval
        words = {"better": "better than the benchmark", "worse": "worse than the benchmark"}
        said = (
            f"{words.get(self.verdict, self.verdict)}: {self.ours.value:.4g} less "
            f"{self.benchmark.value:.4g} is {self.gap:+.4g} ({100 * bounds.confidence_level:g} % interval "
            f"{bounds.lower:+.4g} to {bounds.upper:+.4g}), {self.better} is better"
        )
        return "; ".join([said, *self.assumptions])

    def _repr_html_(self) -> str:
        return as_html(self)


def benchmark_gap(
    ours: Measurement, benchmark: Measurement, *, better: Better, mismatch: str | None = None
) -> BenchmarkGap:
    r"""Gap between one of our numbers and a benchmark, with the uncertainty of both.

    Parameters
    ----------
    ours : Measurement
        Our number, with its interval.
    benchmark : Measurement
        Theirs, in the same unit, of other customers than ours. Without an interval it is taken as exact, and
        the result says so.
    better : {"higher", "lower"}
        Which of the two is good.
    mismatch : str, optional
        How the definitions differ, in words, where they do; needed if they are not written alike. The gap is
        then shown without a verdict, as no interval holds what definitions do.

    Returns
    -------
    BenchmarkGap
        Ours less theirs, its interval, the verdict, and what was assumed.

    Raises
    ------
    InvalidInputError
        If our number has no interval, the definitions are not the same and nobody says how, or the intervals
        have different confidence levels.

    Notes
    -----
    With our value \(\hat\theta_1 \in [l_1, u_1]\) and theirs \(\hat\theta_2 \in [l_2, u_2]\), independent,

    \[ \hat\theta_1 - \hat\theta_2 - \sqrt{(\hat\theta_1 - l_1)^2 + (u_2 - \hat\theta_2)^2}
       \;\text{ to }\;
       \hat\theta_1 - \hat\theta_2 + \sqrt{(u_1 - \hat\theta_1)^2 + (\hat\theta_2 - l_2)^2} . \]

    For two shares with Wilson's limits that is Newcombe's hybrid score interval. A benchmark without an
    interval has \(l_2 = \hat\theta_2 = u_2\).

    References
    ----------
    Zou, G. Y. and Donner, A. (2008), Construction of confidence limits about effect measures: a general
    approach. [doi:10.1002/sim.3095](https://doi.org/10.1002/sim.3095).

    Examples
    --------
    >>> ours = Measurement.of_share(56, 70, definition="satisfied with delivery")
    >>> theirs = Measurement.of_share(48, 80, definition="satisfied with delivery")
    >>> print(benchmark_gap(ours, theirs, better="higher"))
    better than the benchmark: 0.8 less 0.6 is +0.2 (95 % interval +0.05243 to +0.3339), higher is better

    The same benchmark, had it been published without saying how many were asked:

    >>> theirs = Measurement(value=0.6, definition="satisfied with delivery")
    >>> benchmark_gap(ours, theirs, better="higher").assumptions
    ('the benchmark has no interval and is taken as exact, so the gap is less sure than it looks',)
    """
    check_measurement("ours", ours)
    check_measurement("benchmark", benchmark)
    check_choice("better", better, ("higher", "lower"))
    if ours.interval is None:
        raise InvalidInputError(
            "`ours` must have an interval, got None; without one nothing tells a gap from chance"
        )
    level = ours.interval.confidence_level
    if benchmark.interval is not None and benchmark.interval.confidence_level != level:
        raise InvalidInputError(
            f"`ours` and `benchmark` must have intervals of one confidence level, got {level:g} and "
            f"{benchmark.interval.confidence_level:g}"
        )
    _check_definitions(ours, benchmark, mismatch)
    lower, upper = mover_interval([ours.value, benchmark.value], *_bounds(ours, benchmark))
    interval = Interval(float(lower), float(upper), level)
    assumptions: list[str] = []
    if benchmark.interval is None:
        known = "" if benchmark.n is None else f" although n = {benchmark.n:,g} is known"
        assumptions.append(
            f"the benchmark has no interval{known} and is taken as exact, so the gap is less sure than it "
            "looks"
        )
    if mismatch is not None:
        assumptions.append(f"the definitions differ: {mismatch}")
    return BenchmarkGap(
        gap=ours.value - benchmark.value,
        interval=interval,
        verdict="not comparable" if mismatch is not None else _verdict(interval, better),
        ours=ours,
        benchmark=benchmark,
        better=better,
        assumptions=tuple(assumptions),
    )


def _check_definitions(ours: Measurement, benchmark: Measurement, mismatch: str | None) -> None:
    if mismatch is not None and (not isinstance(mismatch, str) or not mismatch.strip()):
        raise InvalidInputError(f"`mismatch` must be words, got {mismatch!r}; say how the definitions differ")
    first, second = (" ".join(one.definition.casefold().split()) for one in (ours, benchmark))
    if first != second and mismatch is None:
        raise InvalidInputError(
            f"`ours` and `benchmark` must have one definition, got {ours.definition!r} and "
            f"{benchmark.definition!r}; write them alike if they mean the same, or say with `mismatch` "
            "how they differ"
        )


def _bounds(*both: Measurement) -> tuple[list[float], list[float]]:
    """Lower and upper bounds; those of a resampled interval need not hold the estimate."""
    lower = [one.value if one.interval is None else min(one.interval.lower, one.value) for one in both]
    upper = [one.value if one.interval is None else max(one.interval.upper, one.value) for one in both]
    return lower, upper


def _verdict(interval: Interval, better: Better) -> GapVerdict:
    if interval.contains(0.0):
        return "undecided"
    return "better" if (interval.lower > 0) == (better == "higher") else "worse"
