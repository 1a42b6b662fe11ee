"""How often intervals of churn numbers hold the truth: worlds whose truth is known, counted.

`python benchmarks/coverage_of_churn.py` writes the tables of `docs/churn/uncertainty.md`. Seeds are fixed; it
takes minutes. `--only survival,auc` runs a part, `--dry` writes nothing.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import pandas as pd
from report import write_between
from scipy.special import ndtr
from scipy.stats import poisson

import customer_centric as cc
from customer_centric._methods.survival import KaplanMeier, curve_of, risk_sets
from customer_centric._methods.survival_bounds import TRANSFORMS
from customer_centric.intervals import garwood_interval
from customer_centric.typing import FloatArray

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "churn" / "uncertainty.md"
Z: Final = 1.959963984540054
REGULAR: Final = (0.704, 1.182)
Row: TypeAlias = list[str]


def percent(hits: Iterable[bool]) -> str:
    """A share of runs with its Monte-Carlo error."""
    kept = np.asarray(list(hits), dtype=np.float64)
    share = kept.mean()
    return (
        f"{100 * share:.1f} ± {100 * math.sqrt(max(share * (1 - share), 0.25 / kept.size) / kept.size):.1f}"
    )


def table(head: Row, rows: list[Row]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def holds(bounds: tuple[float, float] | cc.Interval | None, truth: float) -> bool:
    """Whether the bounds hold the truth; no interval holds nothing."""
    if bounds is None:
        return False
    lower, upper = bounds if isinstance(bounds, tuple) else (bounds.lower, bounds.upper)
    return lower <= truth <= upper


def rates(_: int) -> str:
    """Garwood's interval: every count that may come, with its probability. No simulation, no error."""
    true = (0.02, 0.05, 0.12, 0.3, 0.6)
    rows = []
    for base in (40, 200, 1500):
        row = [f"{base:,}"]
        for rate in true:
            counts = np.arange(int(poisson.ppf(1 - 1e-12, rate * base)) + 2)
            lower, upper = garwood_interval(counts, exposure=base)
            row.append(
                f"{100 * poisson.pmf(counts, rate * base)[(lower <= rate) & (rate <= upper)].sum():.1f}"
            )
        rows.append(row)
    return table(["average customers", *(f"rate {rate:g}" for rate in true)], rows)


def lives(rng: np.random.Generator, n: int, survival: float, censored: float = 0.3) -> tuple[FloatArray, ...]:
    """Exponential stays, of which a share is left at time 1, and whether they ended before they were cut."""
    rate = -math.log(survival)
    stay = rng.exponential(1 / rate, n)
    cut = rng.exponential((1 - censored) / (censored * rate), n)
    return np.minimum(stay, cut), stay <= cut


def printed(curve: KaplanMeier, truth: float) -> bool:
    """Whether the formula holds the truth: a point while nobody was lost, the last step beyond the end."""
    step = int(np.searchsorted(curve.duration, 1.0, side="right")) - 1
    if step < 0 or curve.survival[step] in (0.0, 1.0):
        return False
    return bool(curve.lower[step] <= truth <= curve.upper[step])


def survival(runs: int) -> str:
    """Bounds of survival at one time, by scale; first as formulas give them, then as the package does."""
    rows = []
    for n, truth in ((50, 0.8), (20, 0.2), (20, 0.95)):
        rng = np.random.default_rng(n)
        formula: dict[str, list[bool]] = {name: [] for name in TRANSFORMS}
        ours: dict[str, list[bool]] = {name: [] for name in TRANSFORMS}
        for _ in range(runs):
            sets = risk_sets(*lives(rng, n, truth), None, None)
            for name in TRANSFORMS:
                curve = curve_of(sets, confidence_level=0.95, transform=name)
                formula[name].append(printed(curve, truth))
                ours[name].append(holds(curve.at(1.0)[1:], truth))
        for label, found in (("formula alone", formula), ("here", ours)):
            rows.append([f"{n} customers, {100 * truth:.0f} % left, {label}", *map(percent, found.values())])
    return table(["", *TRANSFORMS], rows)


def restricted_mean(runs: int) -> str:
    """The mean stay up to a horizon, on the scale of the package and symmetric."""
    rows = []
    for n, left in ((20, 0.9), (50, 0.5), (50, 0.9), (300, 0.5)):
        rng, rate = np.random.default_rng(n), -math.log(left)
        truth = (1 - left) / rate
        ours, plain = [], []
        for _ in range(runs // 2):
            curve = curve_of(risk_sets(*lives(rng, n, left), None, None), confidence_level=0.95)
            ours.append(holds(curve.restricted_mean_bounds(1.0), truth))
            mean, error = curve.restricted_mean(1.0)
            plain.append(holds((mean - Z * error, mean + Z * error), truth))
        rows.append([f"{n} customers, {100 * left:.0f} % left at the horizon", percent(ours), percent(plain)])
    return table(["", "here", "mean ± 1.96 standard errors"], rows)


def draw_accounts(rng: np.random.Generator, n: int, spread: float) -> tuple[FloatArray, FloatArray]:
    """Revenue before and after: 8 % leave, 15 % shrink, 30 % grow, whatever their size."""
    opening = rng.lognormal(4.0, spread, n)
    kind = rng.random(n)
    factor = np.select(
        [kind < 0.08, kind < 0.23, kind < 0.53],
        [np.zeros(n), rng.uniform(0.5, 1.0, n), rng.uniform(1.0, 1.6, n)],
        1.0,
    )
    return opening, opening * factor


def revenue(runs: int) -> str:
    """Gross and net retention of revenue."""
    gross, net = 1 - 0.08 - 0.15 * 0.25, 1 - 0.08 - 0.15 * 0.25 + 0.3 * 0.3
    rows = []
    for n, spread in ((50, 1.0), (50, 1.5), (300, 1.0), (300, 1.5), (1000, 2.0)):
        rng = np.random.default_rng(n)
        found: list[list[bool]] = [[], []]
        effective = []
        for _ in range(runs // 6):
            opening, closing = draw_accounts(rng, n, spread)
            moved = cc.revenue_movement(
                pd.DataFrame({"before": opening, "after": closing}), opening="before", closing="after"
            )
            found[0].append(holds(moved.gross_interval, gross))
            found[1].append(holds(moved.net_interval, net))
            effective.append(moved.effective_accounts)
        rows.append(
            [
                f"{n:,} accounts, spread {spread:g}",
                f"{np.median(effective):.0f}",
                *(percent(one) for one in found),
            ]
        )
    return table(["", "effective accounts", "gross retention", "net retention"], rows)


def renewals(runs: int) -> str:
    """Parameters of the shifted beta-geometric model, and its forecast five renewals further."""
    model = cc.Sbg(alpha=REGULAR[0], beta=REGULAR[1])
    left_now, later = model.survival(7.0), float(model.survival(12.0) / model.survival(7.0))
    rows = []
    for n in (200, 1000, 5000):
        rng = np.random.default_rng(n)
        hits: list[list[bool]] = [[] for _ in range(4)]
        shares = -np.diff(np.append(1.0, np.asarray(model.survival(np.arange(1.0, 8.0)))))
        for _ in range(runs // 15):
            lost = rng.multinomial(n, np.append(shares, left_now))
            fit = cc.fit_sbg(cc.RenewalCounts.from_losses(lost[:-1], lost[-1]))
            error = Z * np.sqrt(np.diag(fit.covariance))
            for place, truth in enumerate(REGULAR):
                at = math.log(fit.model.parameters[place])
                hits[place].append(abs(at - math.log(truth)) <= error[place])
            ahead = cc.project_retention(fit, int(lost[-1]), 5, tenure=7, rng=rng, n_draws=1000).iloc[-1]
            hits[2].append(holds((ahead["survival_lower"], ahead["survival_upper"]), later))
            hits[3].append(holds((ahead["lower"], ahead["upper"]), rng.binomial(lost[-1], later)))
        rows.append([f"{n:,} customers, 7 renewals", *(percent(one) for one in hits)])
    return table(["", "alpha", "beta", "share left 5 renewals later", "customers left then"], rows)


def chain_ladder(runs: int) -> str:
    """Cells of a triangle that are not there yet, expected ± 1.96 of Mack's standard errors."""
    factors = np.array([0.75, 0.85, 0.9, 0.93, 0.95, 0.96, 0.97])
    rows = []
    for size in (30, 200, 2000):
        rng = np.random.default_rng(size)
        hits: dict[str, list[bool]] = {"next": [], "last": [], "all": []}
        for _ in range(runs // 20):
            cells = np.empty((8, 8))
            cells[:, 0] = rng.poisson(size, 8)
            for age, factor in enumerate(factors):
                cells[:, age + 1] = rng.binomial(cells[:, age].astype(int), factor)
            seen = np.add.outer(np.arange(8), np.arange(8)) < 8
            triangle = cc.RetentionTriangle(
                cohorts=tuple(date(2024, month, 1) for month in range(1, 9)),
                values=np.where(seen, cells, np.nan),
                kind="survived",
                period="month",
                as_of=date(2024, 8, 31),
                n_later=0,
            )
            future = cc.complete_triangle(triangle)
            truth = cells[~seen]
            miss = np.abs(truth - future["expected"].to_numpy())
            within = miss <= Z * future["standard_error"].to_numpy()
            row, age = np.nonzero(~seen)
            hits["next"] += within[row + age == 8].tolist()
            hits["last"] += within[age == 7].tolist()
            hits["all"] += within.tolist()
        rows.append([f"8 cohorts of {size:,}", *(percent(one) for one in hits.values())])
    return table(["", "next period", "last age", "all future cells"], rows)


def attributable(runs: int) -> str:
    """Share of churn that goes with an exposure."""
    rows = []
    for exposed, others, risks in (
        (40, 160, (0.3, 0.1)),
        (200, 800, (0.3, 0.1)),
        (200, 800, (0.06, 0.04)),
        (1000, 4000, (0.15, 0.15)),
    ):
        rng = np.random.default_rng(exposed)
        mixed = (exposed * risks[0] + others * risks[1]) / (exposed + others)
        truth = 1 - risks[1] / mixed
        lost = zip(
            rng.binomial(exposed, risks[0], runs // 2), rng.binomial(others, risks[1], runs // 2), strict=True
        )
        found = [
            holds(cc.attributable_churn(int(a), exposed, int(b), others).interval, truth) for a, b in lost
        ]
        rows.append(
            [
                f"{exposed:,} exposed of {exposed + others:,}, risks {risks[0]:g} and {risks[1]:g}",
                f"{truth:.2f}",
                percent(found),
            ]
        )
    return table(["", "true fraction", "here"], rows)


def auc(runs: int) -> str:
    """How well a forecast ranks."""
    rows = []
    for n, shift in ((100, 1.0), (100, 2.5), (1000, 1.0), (1000, 2.5)):
        rng, truth = np.random.default_rng(n), float(ndtr(shift / math.sqrt(2)))
        found = []
        for _ in range(runs // 6):
            churned = rng.random(n) < 0.2
            if not 0 < churned.sum() < n:
                continue
            score = 1 / (1 + np.exp(1.5 - rng.normal(size=n) - shift * churned))
            found.append(holds(cc.score_churn_forecast(churned, score).auc.interval, truth))
        rows.append([f"{n:,} customers, 20 % leave", f"{truth:.3f}", percent(found)])
    return table(["", "true AUC", "here"], rows)


PARTS: Final[dict[str, Callable[[int], str]]] = {
    "rates": rates,
    "survival": survival,
    "restricted mean": restricted_mean,
    "revenue": revenue,
    "renewals": renewals,
    "chain ladder": chain_ladder,
    "attributable": attributable,
    "auc": auc,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="parts, by comma")
    parser.add_argument(
        "--runs", type=int, default=6000, help="worlds of the survival cells; others have fewer"
    )
    parser.add_argument("--dry", action="store_true", help="write nothing")
    options = parser.parse_args()
    for name, part in PARTS.items():
        if options.only and name not in options.only.split(","):
            continue
        start = time.perf_counter()
        text = part(options.runs)
        print(f"\n{name} ({time.perf_counter() - start:.0f} s)\n{text}", flush=True)
        if not options.dry:
            write_between(PAGE, name, text)


if __name__ == "__main__":
    main()
