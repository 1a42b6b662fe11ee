"""A report on journeys as anybody could have one: every part is there."""

from __future__ import annotations

from datetime import datetime

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


def example_journeys(name: str = "payment") -> JourneyReport:
    return JourneyReport(
        settings=JourneySettings(
            source="events.csv" if name == "payment" else name,
            columns=("case_id=session", name),
            goal=("purchase",),
            lost=(),
            contact=(name,),
            closed_after="1d",
            end=datetime(2026, 4, 5, 23, 18),
            steps=("cart", name),
            prerequisites=(f"purchase={name}",),
            value=90.0,
            confidence_level=0.9,
            n_resamples=500,
            version="0.1.0",
            command="",
        ),
        log=(LogCount("events read", 22975), LogCount("journeys", 4000)),
        problems=(f"205 of 470 visits to 'purchase' precede {name!r}.",),
        not_looked_for=("effort (each visit is one event)",),
        outcomes=Outcomes(
            journeys=4000, converted=1758, abandoned=2112, escalated=92, open=28, left_truncated=10
        ),
        score=Estimate(13.6, 13.0, 14.3),
        scores=(
            TouchpointScore(
                name=name, visits=2599, score=Estimate(8.1, 7.6, 8.7), share=5.1, main_signal="price_change"
            ),
            TouchpointScore(
                name="purchase", visits=1758, score=Estimate(0.0, 0.0, 0.2), share=0.0, main_signal=""
            ),
        ),
        losses=Losses(
            total=Estimate(260.2, 229.1, 289.4),
            index=Estimate(12.89, 11.4, 14.2),
            money=Estimate(23386.0, 20581.0, 25971.0),
            touchpoints=(
                TouchpointLoss(
                    name=name,
                    first_flags=481,
                    lost=Estimate(196.2, 172.0, 219.0),
                    money=Estimate(17654.0, 15495.0, 19676.0),
                    main_signal="error",
                    gain=Estimate(213.4, 186.0, 237.0),
                    gain_money=19208.0,
                    e_value=15.6,
                ),
                TouchpointLoss(
                    name="support",
                    first_flags=3,
                    lost=None,
                    money=None,
                    main_signal="unresolved",
                    gain=None,
                    gain_money=None,
                    e_value=None,
                ),
            ),
            best_fix=name,
            unmatched=3,
        ),
        funnel=(
            Step(name="cart", reached=2605, in_progress=4, rate=Estimate(0.655, 0.643, 0.667)),
            Step(name=name, reached=2092, in_progress=1, rate=Estimate(0.804, 0.791, 0.817)),
            Step(name="purchase", reached=0, in_progress=0, rate=None),
        ),
        notes=(f"A note on {name}.",),
    )
