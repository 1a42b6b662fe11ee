"""Where it hurts, of a table of events: quality, scores, losses, the best fix, and the funnel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

import numpy as np

from customer_centric.audit.journey.lengths import length_text
from customer_centric.audit.journey.question import JourneyQuestion
from customer_centric.audit.journey.report import (
    JourneyReport,
    JourneySettings,
    Losses,
    Outcomes,
    Step,
    TouchpointLoss,
    TouchpointScore,
)
from customer_centric.audit.plain import Estimate, LogCount
from customer_centric.audit.version import package_version
from customer_centric.intervals import Interval
from customer_centric.journey.chain import JourneyChain
from customer_centric.journey.funnel import Funnel, funnel
from customer_centric.journey.journeys import Journeys, find_journeys
from customer_centric.journey.log import EventLog
from customer_centric.journey.loss import FrictionLoss
from customer_centric.journey.quality import check_log
from customer_centric.journey.report import FrictionReport, friction_report
from customer_centric.journey.score import FrictionScore, friction_score
from customer_centric.journey.signals import SignalTable, detect_signals
from customer_centric.journey.transitions import transition_model

__all__: list[str] = []

# The same file gives the same report.
_SEED: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class JourneyAnswer:
    """What was found, and what charts are drawn of."""

    report: JourneyReport
    loss: FrictionLoss | None
    chain: JourneyChain | None
    funnel: Funnel | None


def answer_journeys(question: JourneyQuestion, *, command: str = "") -> JourneyAnswer:
    """From the events to where it hurts."""
    log = question.log()
    journeys = find_journeys(
        log,
        goal=question.goal,
        lost=question.lost,
        contact=question.contact,
        end=question.end,
        closed_after=question.closed_after,
    )
    quality = check_log(log, prerequisites=question.prerequisites, journeys=journeys)
    level = question.confidence_level
    reason = _no_loss(journeys)
    found = None if reason else _friction(question, log)
    signals = detect_signals(journeys, steps=question.steps) if found is None else found.signals
    score = friction_score(signals, confidence_level=level) if found is None else found.score
    steps = funnel(journeys, question.steps, confidence_level=level) if question.steps else None
    report = JourneyReport(
        settings=_settings(question, journeys, command),
        log=_log(log, journeys),
        problems=quality.problems,
        not_looked_for=_absent(signals),
        outcomes=Outcomes(journeys=journeys.n_journeys, **journeys.counts()),
        score=_bounded(score.overall, score.interval),
        scores=_scores(score),
        losses=None if found is None else _losses(found),
        losses_reason=reason,
        funnel=() if steps is None else _steps(steps),
        notes=tuple(_notes(found, steps)),
    )
    chain = None if found is None else transition_model(signals)
    return JourneyAnswer(report, None if found is None else found.loss, chain, steps)


def _no_loss(journeys: Journeys) -> str:
    """Why no loss can be told; empty where it can."""
    if not (journeys.outcome == 0).any():
        return (
            "No journey is known to have ended without the goal, so that nothing can be said about what is "
            "lost. Touchpoints that say that the customer gave up (--lost), or the silence after which a "
            "journey is over (--closed-after), tell them from those that are still open."
        )
    if not (journeys.outcome == 1).any():
        return "No journey reached the goal, with friction or without it: there is nothing to compare."
    return ""


def _friction(question: JourneyQuestion, log: EventLog) -> FrictionReport:
    return friction_report(
        log,
        goal=question.goal,
        lost=question.lost,
        contact=question.contact,
        end=question.end,
        closed_after=question.closed_after,
        steps=question.steps,
        value=question.value,
        confidence_level=question.confidence_level,
        n_resamples=question.n_resamples,
        rng=np.random.Generator(np.random.PCG64(_SEED)),
    )


def _settings(question: JourneyQuestion, journeys: Journeys, command: str) -> JourneySettings:
    closed = question.closed_after
    return JourneySettings(
        source=question.source,
        columns=tuple(
            column if role == column else f"{role}={column}"
            for role, column in question.schema.named().items()
        ),
        goal=question.goal,
        lost=question.lost,
        contact=question.contact,
        closed_after=None if closed is None else length_text(closed),
        end=cast("datetime", journeys.log_end.astype("datetime64[s]").item()),
        steps=question.steps,
        prerequisites=tuple(f"{later}={earlier}" for later, earlier in question.prerequisites.items()),
        value=question.value,
        confidence_level=question.confidence_level,
        n_resamples=question.n_resamples,
        version=package_version(),
        command=command,
    )


def _log(log: EventLog, journeys: Journeys) -> tuple[LogCount, ...]:
    counts = (
        LogCount("rows that repeat another one, left out", log.n_duplicates),
        LogCount("events marked as made by a machine", log.n_bots),
    )
    return (
        LogCount("events read", log.n_rows),
        LogCount("journeys", log.n_journeys),
        LogCount("customers", log.n_customers),
        LogCount("visits to touchpoints", int(journeys.visits.touchpoint.size)),
        *(item for item in counts if item.count),
    )


def _absent(signals: SignalTable) -> tuple[str, ...]:
    return tuple(f"{name} ({reason})" for name, reason in signals.absent.items())


def _bounded(value: float, interval: Interval) -> Estimate:
    return Estimate(float(value), float(interval.lower), float(interval.upper))


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _estimate(value: float, lower: float, upper: float) -> Estimate | None:
    known = math.isfinite(value) and math.isfinite(lower) and math.isfinite(upper)
    return Estimate(float(value), float(lower), float(upper)) if known else None


def _scores(score: FrictionScore) -> tuple[TouchpointScore, ...]:
    found: list[TouchpointScore] = []
    order: list[int] = np.argsort(-score.share, kind="stable").tolist()
    for i in order:
        points = score.contribution[i]
        found.append(
            TouchpointScore(
                name=str(score.names[i]),
                visits=int(score.n[i]),
                score=Estimate(float(score.score[i]), float(score.lower[i]), float(score.upper[i])),
                share=float(score.share[i]),
                main_signal=score.signals[int(points.argmax())] if points.any() else "",
            )
        )
    return tuple(found)


def _losses(found: FrictionReport) -> Losses:
    loss, total = found.loss, found.loss.interval
    money, index = loss.clv_interval, loss.index_interval
    rows = found.to_frame().to_dict("records")
    return Losses(
        total=_estimate(loss.total, total.lower, total.upper),
        index=None if index is None else _estimate(loss.index, index.lower, index.upper),
        money=None if money is None else _estimate(loss.clv_total, money.lower, money.upper),
        touchpoints=tuple(
            TouchpointLoss(
                name=str(row["touchpoint"]),
                first_flags=int(row["n_first"]),
                lost=_estimate(row["lost"], row["lower"], row["upper"]),
                money=_estimate(row["clv_at_risk"], row["clv_lower"], row["clv_upper"]),
                main_signal=str(row["main_signal"]),
                gain=_estimate(row["fix_gain"], row["fix_lower"], row["fix_upper"]),
                gain_money=_number(row["fix_value"]),
                e_value=_number(row["e_value"]),
            )
            for row in rows
        ),
        best_fix=found.best_fix,
        unmatched=loss.n_unmatched,
    )


def _steps(found: Funnel) -> tuple[Step, ...]:
    rows = found.to_frame().to_dict("records")
    return tuple(
        Step(
            name=str(row["step"]),
            reached=int(row["reached"]),
            in_progress=int(row["in_progress"]),
            rate=_estimate(row["rate"], row["lower"], row["upper"]),
        )
        for row in rows
    )


def _notes(found: FrictionReport | None, steps: Funnel | None) -> list[str]:
    """Warnings of the steps on the way as sentences."""
    said = [*(() if found is None else found.loss.warnings), *(() if steps is None else steps.warnings)]
    notes = [f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in said]
    if found is not None and found.loss.touchpoints:
        notes.append(
            "Losses are associations: who meets friction may differ from who does not in ways that the log "
            "does not show. The E-value of a loss says how strong such a difference would have to be."
        )
    return notes
