"""The drawings of where it hurts."""

from __future__ import annotations

from customer_centric.audit.journey import words
from customer_centric.audit.journey.answer import JourneyAnswer
from customer_centric.audit.page import Chart, drawn
from customer_centric.plot import (
    figure_svg,
    plot_friction_loss,
    plot_funnel,
    plot_journey_graph,
    plot_loss_waterfall,
)

__all__: list[str] = []

_MOST: int = 12


def draw_journey_charts(found: JourneyAnswer) -> tuple[Chart, ...]:
    """Losses by touchpoint, the way to what could have been, what follows what, and the funnel."""
    charts: list[Chart] = []
    loss, chain, steps = found.loss, found.chain, found.funnel
    level = words.level(found.report.settings.confidence_level)
    if loss is not None and loss.touchpoints and found.report.losses is not None:
        charts.append(
            drawn(
                "hurt",
                "Journeys lost, by touchpoint",
                f"Journeys lost by the touchpoint at which friction was met first, with {level} intervals, "
                "and the signal that takes most of them.",
                lambda label: figure_svg(plot_friction_loss(loss, most=_MOST), label=label),
            )
        )
    if loss is not None and found.report.losses is not None and found.report.losses.total is not None:
        charts.append(
            drawn(
                "hurt",
                "What could have been",
                "From the journeys that reached the goal to those that would have without friction, "
                f"touchpoint by touchpoint, with the {level} interval of the total.",
                lambda label: figure_svg(plot_loss_waterfall(loss), label=label),
            )
        )
    if chain is not None and len(set(chain.touchpoints)) <= 2 * _MOST:
        charts.append(
            drawn(
                "follow",
                "What follows what",
                "Touchpoints in the order of their visits, onward at the right and back at the left. The "
                "thicker an arc, the more journeys take it; the deeper its colour, the more conversions "
                "are lost on it, as a chain of visits sees it.",
                lambda label: figure_svg(plot_journey_graph(chain), label=label),
            )
        )
    if steps is not None:
        charts.append(
            drawn(
                "follow",
                "From step to step",
                "Journeys that reached each step: those that go on, those still on the way (pale), and those "
                f"that stop (grey), with the rate of the step and its {level} interval.",
                lambda label: figure_svg(plot_funnel(steps), label=label),
            )
        )
    return tuple(charts)
