"""Where it hurts in words, the same in the text and on the page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from customer_centric._core.words import counted
from customer_centric.audit.journey.report import JourneyReport, TouchpointLoss
from customer_centric.audit.plain import Estimate
from customer_centric.audit.words import MISSING, amount, count, day, interval, share

__all__: list[str] = []


def level(confidence_level: float) -> str:
    """Nominal coverage of the intervals: 90 %, 99.5 %."""
    return f"{100 * confidence_level:g} %"


def between(estimate: Estimate | None, digits: int | None = None) -> str:
    """The bounds, with as many decimals as the number."""
    return MISSING if estimate is None else interval(estimate, digits)


def number(estimate: Estimate | None, digits: int | None = None) -> str:
    return MISSING if estimate is None else amount(estimate.value, digits)


def journeys(estimate: Estimate | None) -> str:
    """A number of journeys: whole, unless it is small."""
    return number(estimate, digits_of(estimate))


def digits_of(estimate: Estimate | None) -> int:
    return 0 if estimate is None or abs(estimate.value) >= 10 else 1


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def goal(report: JourneyReport) -> str:
    return " or ".join(report.settings.goal)


# ── What there is to say ────────────────────────────────────────────────────────────────────────────


def headline(report: JourneyReport) -> str:
    """The finding in one sentence."""
    losses = report.losses
    if losses is None:
        return report.losses_reason
    if not losses.touchpoints:
        return (
            f"No system signal was seen before {goal(report)}: nothing is known to be lost to friction. A "
            "log without outcomes, prices and contacts shows little of it."
        )
    if losses.total is None:
        return "Every touchpoint with friction has it at all visits: there is nothing to compare with."
    bounds = between(losses.total, digits_of(losses.total))
    return (
        f"Friction goes with {journeys(losses.total)} lost journeys "
        f"({level(report.settings.confidence_level)} interval {bounds}){_of_all(report)}."
    )


def _of_all(report: JourneyReport) -> str:
    index = None if report.losses is None else report.losses.index
    if index is None:
        return ""
    bounds = between(index, 1)
    return f": {amount(index.value, 1)} % ({bounds} %) of those that could have reached {goal(report)}"


def meaning(report: JourneyReport) -> str:
    """What the headline number is, where the number stands above."""
    losses = report.losses
    if losses is None or losses.total is None or not losses.touchpoints:
        return headline(report)
    return (
        f"Journeys that would have reached {goal(report)} had no system signal come before it, compared with "
        f"visits of the same kind{_of_all(report)}."
    )


def ended(report: JourneyReport) -> str:
    """How journeys ended."""
    found = report.outcomes
    parts = [
        f"{count(found.converted)} reached {goal(report)} ({share(found.converted / found.journeys, 1)})",
        f"{count(found.abandoned)} were abandoned",
    ]
    if found.escalated:
        parts.append(f"{count(found.escalated)} ended at a contact with the company")
    parts.append(f"{count(found.open)} are open")
    if found.left_truncated:
        parts.append(f"{count(found.left_truncated)} began before the log")
    open_ones = " Open journeys are not lost ones." if found.open else ""
    return f"Of {counted(found.journeys, 'journey')}, {listed(parts)}.{open_ones}"


_NO_PROBLEM: Final = (
    "Nothing was found wrong with the log: no events out of the stated order, no ties, no repeated rows, no "
    "machines, no endless loops."
)


def quality(report: JourneyReport) -> list[str]:
    """Whether the log can be trusted, a paragraph each."""
    said = list(report.problems) or [_NO_PROBLEM]
    if report.not_looked_for:
        said.append(f"Signals that this log cannot show: {'; '.join(report.not_looked_for)}.")
    return said


def worst(report: JourneyReport) -> str:
    """Where most is lost, and to what."""
    losses = report.losses
    if losses is None or not losses.touchpoints:
        return ""
    first = losses.touchpoints[0]
    if first.lost is None or first.lost.value <= 0:
        return "No touchpoint loses more journeys than it would without friction."
    money = "" if losses.money is None else _at_risk(losses.money)
    return (
        f"Most is lost at {first.name}: {journeys(first.lost)} journeys "
        f"({between(first.lost, digits_of(first.lost))}), mostly to {first.main_signal}. A journey counts "
        f"where it met friction first, so that nothing is counted twice.{money}"
    )


def _at_risk(money: Estimate) -> str:
    return f" In money, {amount(money.value)} ({between(money)}) is at risk."


def fix(report: JourneyReport) -> str:
    """What to fix first."""
    losses = report.losses
    if losses is None or not losses.touchpoints:
        return ""
    best = best_fix(report)
    if best is None or best.gain is None:
        return "No single fix is expected to bring more journeys to the goal."
    money = "" if best.gain_money is None else f", worth {amount(best.gain_money)}"
    doubt = " The interval reaches below 0: it may bring nothing." if (best.gain.lower or 0.0) < 0 else ""
    return (
        f"Fix {best.name} first: {journeys(best.gain)} more journeys would reach {goal(report)} "
        f"({between(best.gain, digits_of(best.gain))}){money}, everything else left as it is. What single "
        f"fixes bring does not add up to the loss: who is spared one friction may meet the next.{doubt}"
    )


def best_fix(report: JourneyReport) -> TouchpointLoss | None:
    """The touchpoint to fix first."""
    losses = report.losses
    if losses is None:
        return None
    return next((row for row in losses.touchpoints if row.name == losses.best_fix), None)


def scored(report: JourneyReport) -> str:
    """The score, and what it means."""
    often = level(report.settings.confidence_level)
    return (
        f"Friction score {amount(report.score.value, 1)} of 100 ({often} interval "
        f"{between(report.score, 1)}): of 100 customers who would have converted, friction like that of a "
        "mean journey would lose so many, if the weights of the signals are right. They are guesses of "
        "experts until they are learned from outcomes; the losses above do not use them. Shares add up to "
        "the score."
    )


def passed(report: JourneyReport) -> str:
    """Where journeys stop."""
    rated = [step for step in report.funnel[1:] if step.rate is not None]
    if not rated:
        return ""
    lowest = min(rated, key=lambda step: 1.0 if step.rate is None else step.rate.value)
    rate = lowest.rate
    bounds = "" if rate is None else f" ({amount(100 * (rate.lower or 0.0), 1)} to {share(rate.upper, 1)})"
    return (
        f"Fewest go on to {lowest.name}: {share(None if rate is None else rate.value, 1)}{bounds} of those "
        "who reached the step before. Journeys that are open there are counted apart."
    )


def key_figures(report: JourneyReport) -> list[tuple[str, str, str]]:
    """Label, number and detail of what matters most after the headline."""
    found, losses, best = report.outcomes, report.losses, best_fix(report)
    figures = [
        (
            f"Reached {goal(report)}",
            share(found.converted / found.journeys, 1),
            f"{count(found.converted)} of {count(found.journeys)} journeys",
        )
    ]
    if losses is not None and losses.money is not None:
        figures.append(("At risk", amount(losses.money.value), between(losses.money)))
    if best is not None and best.gain is not None:
        brings = f"{journeys(best.gain)} journeys, {between(best.gain, digits_of(best.gain))}"
        figures.append(("Fix first", best.name, brings))
    figures.append(("Friction score", amount(report.score.value, 1), between(report.score, 1)))
    return figures


def key_figure(report: JourneyReport) -> tuple[str, str, str]:
    """Label, number and detail of the loss, for an audit."""
    losses = report.losses
    total = None if losses is None else losses.total
    if losses is not None and losses.money is not None:
        return "Lost to friction", amount(losses.money.value), between(losses.money)
    return "Journeys lost to friction", journeys(total), between(total, digits_of(total))


# ── How it was asked ────────────────────────────────────────────────────────────────────────────────


def moment(value: datetime) -> str:
    return f"{day(value)}, {value:%H:%M}"


def settings_rows(report: JourneyReport) -> list[tuple[str, str]]:
    """What was asked, name by name."""
    s = report.settings
    rows = [
        ("Events", s.source),
        ("Columns of events", ", ".join(s.columns)),
        ("Events until", s.end.isoformat(sep=" ")),
        ("Goal", ", ".join(s.goal)),
        ("Lost", ", ".join(s.lost) or "none"),
        ("Contact", ", ".join(s.contact) or "none"),
        ("Silence that ends a journey", s.closed_after or "none"),
        ("Steps", ", ".join(s.steps) or "none"),
        ("What comes first", ", ".join(s.prerequisites) or "none stated"),
        ("Value of a journey", "none" if s.value is None else f"{s.value:g}"),
        ("Intervals of friction", f"{level(s.confidence_level)}, {count(s.n_resamples)} draws of customers"),
    ]
    return rows if not s.command else [*rows, ("Version", f"customer_centric {s.version}")]


_COMPARED: Final = (
    "A journey meets friction at the first visit that shows a system signal, such as an error, a price that "
    "rose or a contact that was closed without an answer. It is compared with visits without any, to the "
    "same touchpoint, at the same attempt, in the same channel; these are weighted for the journeys that "
    "met friction later. What happens after the first signal is a consequence and is not used. The gain of "
    "a fix is the same with the signals of one touchpoint only."
)
_DRAWN: Final = (
    "Limits draw customers, not events, with a fixed seed, so that one file gives one report. Signals that "
    "customers show themselves, such as a second try or a call, count in the score and not in the loss: "
    "who calls may be annoyed or eager."
)


def method() -> list[str]:
    """How the numbers come about, a paragraph each."""
    return [_COMPARED, _DRAWN]


def sources() -> dict[str, str]:
    """Where that is written: names by link."""
    return {
        "https://doi.org/10.1111/j.0006-341X.2000.00779.x": (
            "Robins and Finkelstein (2000), correcting for dependent censoring by weighting"
        ),
        "https://doi.org/10.7326/M16-2607": "VanderWeele and Ding (2017), the E-value",
        "https://doi.org/10.1080/01621459.1927.10502953": "Wilson (1927), intervals of shares",
    }
