"""Drawings of results: thin Matplotlib, readable on light and dark pages."""

from __future__ import annotations

from customer_centric.plot._drawing import figure_svg
from customer_centric.plot.churn import plot_cohort_curves, plot_projection, plot_survival, plot_triangle
from customer_centric.plot.clv import (
    plot_calibration,
    plot_concentration,
    plot_frequency,
    plot_probability_alive,
    plot_tracking,
)
from customer_centric.plot.economics import plot_budget
from customer_centric.plot.journey import (
    plot_friction_loss,
    plot_funnel,
    plot_journey_graph,
    plot_loss_waterfall,
)
from customer_centric.plot.nps import plot_driver_map, plot_nps_groups, plot_nps_shares, plot_nps_trend
from customer_centric.plot.segments import plot_customer_matrix, plot_lorenz, plot_migration, plot_whale

__all__ = [
    "figure_svg",
    "plot_budget",
    "plot_calibration",
    "plot_cohort_curves",
    "plot_concentration",
    "plot_customer_matrix",
    "plot_driver_map",
    "plot_frequency",
    "plot_friction_loss",
    "plot_funnel",
    "plot_journey_graph",
    "plot_lorenz",
    "plot_loss_waterfall",
    "plot_migration",
    "plot_nps_groups",
    "plot_nps_shares",
    "plot_nps_trend",
    "plot_probability_alive",
    "plot_projection",
    "plot_survival",
    "plot_tracking",
    "plot_triangle",
    "plot_whale",
]
