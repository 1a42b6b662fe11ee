"""Known margins: shares or counts of labels, checked before any row is looked at."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Final, cast

import numpy as np

from customer_centric._core.checks import check_number
from customer_centric.errors import InvalidInputError

# Totals of margins that are the same number, typed or added up, agree to this.
_SAME_TOTAL: Final = 1e-6


def role_of(column: str) -> str:
    """How messages name the margin of a column."""
    return f"margins[{column!r}]"


def check_margins(margins: object) -> dict[str, dict[Hashable, float]]:
    """Targets as shares that sum to 1, by column and label."""
    if not isinstance(margins, Mapping) or not margins:
        got = "none" if isinstance(margins, Mapping) else type(margins).__name__
        raise InvalidInputError(
            f"`margins` must map at least one column to the shares of its labels, got {got}"
        )
    targets = {
        name: _check_margin(name, margin) for name, margin in cast("Mapping[str, Any]", margins).items()
    }
    totals = {name: float(np.sum(list(margin.values()))) for name, margin in targets.items()}
    _check_totals(targets, totals)
    return {
        name: {label: value / totals[name] for label, value in margin.items()}
        for name, margin in targets.items()
    }


def _check_margin(name: str, margin: Any) -> dict[Hashable, float]:
    """Labels and their targets, from a mapping or anything else with `items`, such as a pandas Series."""
    if not hasattr(margin, "items"):
        raise InvalidInputError(
            f"`{role_of(name)}` must map labels to shares or counts, got {type(margin).__name__}"
        )
    targets: dict[Hashable, float] = {}
    for raw, value in cast("Iterable[tuple[Any, Any]]", margin.items()):
        # Messages show labels of NumPy as people write them.
        label = cast("Hashable", raw.item() if isinstance(raw, np.generic) else raw)
        if label in targets:
            raise InvalidInputError(f"`{role_of(name)}` must have each label once, got {label!r} again")
        targets[label] = check_number(
            f"{role_of(name)}[{label!r}]",
            value,
            minimum=0.0,
            open_minimum=True,
            remedy="leave out labels that no customer has, and the rows of the survey that have them",
        )
    if not targets:
        raise InvalidInputError(f"`{role_of(name)}` must map labels to shares or counts, got no labels")
    return targets


def _check_totals(targets: dict[str, dict[Hashable, float]], totals: dict[str, float]) -> None:
    first, *others = totals
    for other in others:
        if abs(totals[other] - totals[first]) > _SAME_TOTAL * totals[first]:
            raise InvalidInputError(
                f"`margins` must have the same total in every column, got {totals[first]:.10g} for {first!r} "
                f"and {totals[other]:.10g} for {other!r}; give all of them as shares that sum to 1, or all "
                "as counts of the same customers"
            )
    for name, margin in targets.items():
        if max(margin.values()) < 1.0 and abs(totals[name] - 1.0) > _SAME_TOTAL:
            raise InvalidInputError(
                f"`{role_of(name)}` must be shares that sum to 1, or counts, got shares that sum to "
                f"{totals[name]:.10g}; divide rounded shares by their sum"
            )
