"""What is measured of lifelines, called as its own documentation does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from lifelines import KaplanMeierFitter  # type: ignore[import-not-found]


def survival(path: str, _: dict[str, Any]) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    """The curve with its bounds, which are log-log as ours."""
    with np.load(path) as columns:
        duration, lost = columns["duration"], columns["lost"]

    def work() -> Any:
        return KaplanMeierFitter().fit(duration, lost)

    return work, lambda fitter: told(
        fitter.survival_function_.iloc[:, 0].to_numpy(), fitter.survival_function_.index.to_numpy()
    )


def told(shares: Any, times: Any) -> dict[str, Any]:
    at = np.searchsorted(times, [30.0, 365.0, 1000.0], side="right") - 1
    return {f"survival_{days}": float(shares[step]) for days, step in zip((30, 365, 1000), at, strict=True)}


TASKS = {"survival": survival}
