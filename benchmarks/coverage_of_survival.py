"""How often bounds of a survival curve hold the truth, on each scale.

`python benchmarks/coverage_of_survival.py` draws customers who leave at a constant rate, three in ten of
whom are still there when last seen, and writes a table of the docs. Seeds are fixed; it takes minutes.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Final

import numpy as np
from report import write_between

from customer_centric._methods.survival_bounds import Transform
from customer_centric.churn import survival_curve
from customer_centric.typing import FloatArray

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "churn" / "survival.md"
SIZES: Final = (20, 50, 200)
SHARES: Final = (0.95, 0.8, 0.5, 0.2)
TRANSFORMS: Final[tuple[Transform, ...]] = ("log-log", "logit", "arcsin", "log", "plain")
_LIFE: Final = 10.0
_CENSORED: Final = 0.3


def held(rng: np.random.Generator, n: int, share: float) -> FloatArray:
    """Whether the bounds of each scale hold the share at the time when it is left, in one world."""
    life = rng.exponential(_LIFE, n)
    seen = rng.exponential(_LIFE * (1.0 - _CENSORED) / _CENSORED, n)
    stay, lost = np.minimum(life, seen), life <= seen
    time = -math.log(share) * _LIFE
    if stay.min() > time:
        # Nobody was lost or last seen before: all are at risk, and the bounds are [(alpha/2)^(1/n), 1].
        return np.full(len(TRANSFORMS), float(0.025 ** (1.0 / n) <= share))
    found = np.zeros(len(TRANSFORMS))
    for i, transform in enumerate(TRANSFORMS):
        curve = survival_curve(stay, lost, unit="month", transform=transform)
        step = int(np.searchsorted(curve.duration, time, side="right")) - 1
        found[i] = curve.lower[step] <= share <= curve.upper[step]
    return found


def judge(worlds: int) -> str:
    """The table: a row a number of customers and a true share."""
    head = f"| customers | true share | {' | '.join(TRANSFORMS)} |"
    rows = [head, "|---:|---:|" + "---:|" * len(TRANSFORMS)]
    for n in SIZES:
        for share in SHARES:
            rng = np.random.default_rng([n, round(100 * share)])
            hits = np.mean([held(rng, n, share) for _ in range(worlds)], axis=0)
            rows.append(f"| {n} | {share:.2f} | " + " | ".join(f"{100 * hit:.1f}" for hit in hits) + " |")
            print(rows[-1], flush=True)
    return "\n".join(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=6000)
    write_between(PAGE, "coverage of bounds", judge(parser.parse_args().worlds))
