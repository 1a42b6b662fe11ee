"""Drawings of what to spend: the hill of a budget."""

# Matplotlib's own annotations leave keyword arguments open.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from customer_centric.errors import InvalidInputError
from customer_centric.plot._drawing import MODEL, MUTED, SMALL, new_axes, small_print
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from customer_centric.economics.budget import BudgetPlan

__all__ = ["plot_budget"]

_POINTS: Final = 121
_SHARES: Final = (25, 50, 75, 90, 97)  # in percent of the best value


def plot_budget(plan: BudgetPlan, *, ax: Axes | None = None) -> Axes:
    """How flat the peak is: what other budgets would bring, as a share of the best.

    Parameters
    ----------
    plan : BudgetPlan
        What `optimal_budget` returned, with a value greater than 0.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        Money per prospect to the right, money per customer and period upwards; on each line the value is
        the same percentage of the best. The point is the plan.

    Raises
    ------
    InvalidInputError
        If the best plan is worth nothing: nothing is a share of it.

    Examples
    --------
    >>> from customer_centric import SpendResponse, optimal_budget
    >>> plan = optimal_budget(
    ...     SpendResponse.from_point(5, 0.03, ceiling=0.1),
    ...     SpendResponse.from_point(20, 0.7, ceiling=0.85, base=0.4),
    ...     margin=150,
    ...     discount_rate=0.1,
    ... )
    >>> ax = plot_budget(plan)
    >>> ax.get_xlabel()
    'acquisition, money per prospect'
    """
    best = plan.equity_per_prospect
    if not best > 0:
        raise InvalidInputError(f"`plan` must have a value greater than 0, got {best:g} per prospect")
    axes, ink = new_axes(ax)
    axes.grid(visible=False)
    across, up = _reach(plan.acquisition_spend), _reach(plan.retention_spend)
    share = 100 * plan.equity_at(*np.meshgrid(across, up)) / best
    lines = axes.contour(across, up, share, levels=list(_SHARES), colors=MODEL, linewidths=1.2)
    axes.clabel(lines, fmt="%.0f %%", fontsize=SMALL, colors=ink)
    axes.plot([plan.acquisition_spend], [plan.retention_spend], color=MODEL, marker="o", markersize=6)
    small_print(
        axes,
        f"best: {plan.acquisition_spend:,.3g} and {plan.retention_spend:,.3g}",
        (0.99, 0.97),
        ink,
        ha="right",
        va="top",
        alpha=1.0,
    )
    axes.set_xlim(0, float(across[-1]))
    axes.set_ylim(0, float(up[-1]))
    axes.set_xlabel("acquisition, money per prospect")
    axes.set_ylabel("retention, money per customer and period")
    axes.spines["left"].set_visible(True)
    axes.spines["left"].set_color(ink)
    axes.spines["left"].set_alpha(MUTED)
    return axes


def _reach(spend: float) -> FloatArray:
    """From nothing to well beyond the plan."""
    return np.linspace(0.0, 2.6 * spend if spend > 0 else 1.0, _POINTS)
