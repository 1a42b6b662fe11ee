"""How often intervals of key drivers hold the truth, beside the percentile bootstrap.

`python benchmarks/coverage_of_drivers.py` draws surveys whose truth is known: answers that share a halo,
cut to the scale, with drivers that do nothing, with accounts, with weights. It writes the table of the docs.
Seeds are fixed; it takes minutes.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from report import write_between

from customer_centric._methods.importance import relative_weights, shapley_r_squared
from customer_centric.nps._drivers_estimates import estimate
from customer_centric.nps._drivers_rows import MemoryRows
from customer_centric.typing import FloatArray, IntArray

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "nps" / "drivers.md"
_POPULATION: Final = 400_000
_IN_ACCOUNT: Final = 5


@dataclass(frozen=True)
class Design:
    """Drivers with correlation `halo` among them, what each does, and how answers are given."""

    name: str
    slopes: tuple[float, ...]
    halo: float
    sizes: tuple[int, ...]
    classes: bool = False
    account: float = 0.0
    weights: float = 0.0
    method: str = "shapley"

    def draw(self, rng: np.random.Generator, n: int) -> tuple[FloatArray, IntArray | None]:
        """Answers, the outcome last, and the account of each."""
        accounts = np.arange(n) // _IN_ACCOUNT if self.account else None

        def noise(columns: int) -> FloatArray:
            own = rng.normal(size=(n, columns))
            if accounts is None:
                return own
            shared = rng.normal(size=(accounts[-1] + 1, columns))[accounts]
            return np.sqrt(1 - self.account) * own + np.sqrt(self.account) * shared

        slopes = np.array(self.slopes)
        felt = np.sqrt(self.halo) * noise(1) + np.sqrt(1 - self.halo) * noise(slopes.size)
        variance = self.halo * slopes.sum() ** 2 + (1 - self.halo) * (slopes**2).sum() + 1.0
        outcome = (felt @ slopes + noise(1)[:, 0]) / np.sqrt(variance)
        drivers = np.clip(np.rint(7.5 + 2.0 * felt), 0, 10)
        rating = np.clip(np.rint(7.5 + 2.5 * outcome), 0, 10)
        if self.classes:
            drivers, rating = (drivers >= 9) * 1.0, (rating >= 9) * 1.0 - (rating <= 6)
        return np.column_stack([drivers, rating]), accounts

    def split(self, full: FloatArray) -> FloatArray:
        """Parts of R squared, their shares, and R squared itself, of correlation matrices."""
        split = shapley_r_squared if self.method == "shapley" else relative_weights
        parts = split(full[..., :-1, :-1], full[..., :-1, -1])
        total = parts.sum(axis=-1, keepdims=True)
        return np.concatenate([parts, parts / total, total], axis=-1)

    def truth(self) -> FloatArray:
        """The same of a very large population; drivers without any effect have none at all."""
        rows, _ = self.draw(np.random.default_rng(77), _POPULATION)
        found = self.split(np.corrcoef(rows.T))
        if self.halo == 0:
            idle = np.flatnonzero(np.array(self.slopes) == 0)
            found[[*idle, *(idle + len(self.slopes))]] = 0.0
        return found


DESIGNS: Final = (
    Design("three drivers", (0.5, 0.3, 0.0), 0.5, (50, 200, 1000)),
    Design("three, two of them idle and uncorrelated", (0.6, 0.0, 0.0), 0.0, (50, 200, 1000)),
    Design("eight, strong halo", (0.4, 0.3, 0.2, 0.1, 0.1, 0.1, 0.0, 0.0), 0.6, (50, 100, 400)),
    Design("five, weak", (0.2, 0.1, 0.1, 0.0, 0.0), 0.3, (100, 400)),
    Design("five, yes or no; classes", (0.5, 0.3, 0.1, 0.0, -0.1), 0.4, (100, 400), classes=True),
    Design("four, accounts of five", (0.5, 0.3, 0.1, 0.0), 0.5, (100, 300), account=0.4),
    Design("three, uneven weights", (0.5, 0.3, 0.0), 0.5, (100,), weights=0.8),
    Design("three, relative weights", (0.5, 0.3, 0.0), 0.5, (100,), method="relative_weights"),
)


def bounds_here(design: Design, rows: MemoryRows) -> tuple[FloatArray, FloatArray]:
    """The intervals of the package."""
    found = estimate(
        rows, rows.moments(), method=design.method, order=None, confidence_level=0.95, driver_range=None
    )
    pairs = (found.part_bounds, found.share_bounds, found.r_squared_bounds)
    return tuple(np.hstack([pair[end] for pair in pairs]) for end in (0, 1))


def bounds_of_bootstrap(
    design: Design, rows: MemoryRows, rng: np.random.Generator, draws: int = 200
) -> tuple[FloatArray, FloatArray]:
    """Quantiles over draws of rows, or of accounts."""
    n = rows.weight.size
    units = np.arange(n) if rows.unit is None else rows.unit
    size = int(units.max()) + 1
    weight = rng.multinomial(size, np.full(size, 1 / size), size=draws)[:, units] * rows.weight
    total, z = weight.sum(axis=1), rows.values
    mean = weight @ z / total[:, None]
    second = np.einsum("bn,ni,nj->bij", weight, z, z, optimize=True) / total[:, None, None]
    covariance = second - mean[:, :, None] * mean[:, None, :]
    spread = np.sqrt(np.einsum("bii->bi", covariance))
    drawn = design.split(covariance / spread[:, :, None] / spread[:, None, :])
    lower, upper = np.quantile(drawn, [0.025, 0.975], axis=0)
    return lower, upper


def judge(design: Design, n: int, surveys: int) -> FloatArray:
    """How often either interval holds each truth: of shape (2, 2 p + 1)."""
    rng, truth = np.random.default_rng(n), design.truth()
    hits = np.zeros((2, truth.size))
    for _ in range(surveys):
        values, accounts = design.draw(rng, n)
        rows = MemoryRows(values, np.exp(design.weights * rng.normal(size=n)), accounts, n)
        both = bounds_here(design, rows), bounds_of_bootstrap(design, rows, rng)
        for row, (lower, upper) in enumerate(both):
            hits[row] += (lower <= truth) & (truth <= upper)
    return 100 * hits / surveys


def table(surveys: int) -> str:
    """The table of the docs."""
    lines = [
        "| drivers | rows | importance | bootstrap | share | bootstrap | R² | bootstrap |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for design in DESIGNS:
        p = len(design.slopes)
        for n in design.sizes:
            hits = judge(design, n, surveys)
            cells = [
                f"{part.min():.0f} to {part.max():.0f}" if part.size > 1 else f"{part[0]:.0f}"
                for columns in (slice(0, p), slice(p, 2 * p), slice(2 * p, None))
                for part in hits[:, columns]
            ]
            lines.append(f"| {design.name} | {n:,} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--surveys", type=int, default=1000)
    write_between(PAGE, "coverage", table(parser.parse_args().surveys))
