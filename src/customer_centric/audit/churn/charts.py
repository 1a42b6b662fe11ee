"""The drawings of who comes back and who leaves."""

from __future__ import annotations

from customer_centric.audit.churn import words
from customer_centric.audit.churn.contracts import ContractAnswer
from customer_centric.audit.churn.returning import ReturnAnswer
from customer_centric.audit.page import Chart, drawn
from customer_centric.plot import figure_svg, plot_survival, plot_triangle

__all__: list[str] = []


def draw_return_charts(found: ReturnAnswer) -> tuple[Chart, ...]:
    """The cohorts of the buyers."""
    triangle = found.triangle
    if triangle is None:
        return ()
    return (
        drawn(
            "back",
            f"Cohorts by {triangle.period}",
            f"Customers by the {triangle.period} of their first purchase, and the percentage of them who "
            f"bought in each {triangle.period} after it. The first column is the number of customers; an "
            "empty cell has not been observed, a 0 has.",
            lambda label: figure_svg(plot_triangle(triangle), label=label),
        ),
    )


def draw_contract_charts(found: ContractAnswer) -> tuple[Chart, ...]:
    """The curve of stays and the cohorts of those who joined."""
    charts: list[Chart] = []
    curve, triangle = found.curve, found.triangle
    level = words.level(found.report.settings.confidence_level)
    if curve is not None:
        charts.append(
            drawn(
                "leave",
                "How long customers stay",
                f"Share of customers who stay longer than so many months, with its {level} bounds. Ticks are "
                "customers who are still there.",
                lambda label: figure_svg(plot_survival(curve), label=label),
            )
        )
    if triangle is not None:
        charts.append(
            drawn(
                "leave",
                f"Cohorts by {triangle.period}",
                f"Customers by the {triangle.period} in which they joined, and the percentage of them who "
                f"had never left by each {triangle.period} after it. The first column is the number of "
                "customers; an empty cell has not been observed.",
                lambda label: figure_svg(plot_triangle(triangle), label=label),
            )
        )
    return tuple(charts)
