"""The drawings of an audit."""

from __future__ import annotations

from typing import Final

from customer_centric.audit import words
from customer_centric.audit.page import Chart, drawn
from customer_centric.audit.steps import Answer, Test, fit
from customer_centric.clv.tracking import tracking
from customer_centric.plot import (
    figure_svg,
    plot_calibration,
    plot_concentration,
    plot_frequency,
    plot_tracking,
)
from customer_centric.typing import FrameT

__all__: list[str] = []

# Fewer days than this make too few weeks for a curve: it is drawn day by day.
_SHORT: Final = 28


def draw_charts(found: Answer[FrameT]) -> tuple[Chart, ...]:
    """The charts of what was found."""
    tested = [] if found.test is None else _of_test(found.test, found.name)
    return (*tested, *_of_value(found))


def _of_test(test: Test[FrameT], name: str) -> list[Chart]:
    histories, judged = test.histories, test.judged
    short = histories.timing().repeat_purchases.size < _SHORT
    followed = tracking(
        histories,
        fit(name, histories),
        periods_per_step=1 if short else None,
        confidence_level=judged.confidence_level,
    )
    level = words.share(judged.confidence_level)
    split = words.day(test.calibration_end)
    return [
        drawn(
            "test",
            "Purchases over time",
            f"Repeat purchases a {followed.step_name} of all customers: what {name} expects with the {level} "
            f"interval, and what happened. It was fitted up to {split}, where the dashed line is.",
            lambda label: figure_svg(plot_tracking(followed), label=label),
        ),
        drawn(
            "test",
            "By what was seen before",
            f"Purchases a customer in the holdout: the points are what happened, the line is what {name} "
            f"expected, the bars are the {level} intervals.",
            lambda label: figure_svg(plot_frequency(judged), label=label),
        ),
        drawn(
            "test",
            "Probabilities of buying",
            "Customers by their predicted probability of buying in the holdout, against the share who did, "
            f"with {level} intervals. On the dashed line the two agree; larger points are more customers.",
            lambda label: figure_svg(plot_calibration(judged), label=label),
        ),
    ]


def _of_value(found: Answer[FrameT]) -> list[Chart]:
    values = found.values.lifetime_value
    if not values.sum() > 0:
        return []
    return [
        drawn(
            "value",
            "How concentrated the value is",
            "Share of the lifetime value held by the most valuable customers. On the dashed line all would "
            "be worth the same.",
            lambda label: figure_svg(plot_concentration(values), label=label),
        )
    ]
