"""How often intervals about tiers and segments hold the truth: worlds whose truth is known, counted.

`python benchmarks/coverage_of_segments.py` writes the tables of `docs/segments/tiers.md` and
`docs/segments/stability.md`. Seeds are fixed; it takes half a minute. `--dry` writes nothing.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from report import write_between
from scipy.special import ndtr, ndtri

import customer_centric as cc

DOCS: Final = Path(__file__).resolve().parent.parent / "docs" / "segments"


def percent(hits: list[bool]) -> str:
    """A share of runs with its Monte-Carlo error."""
    share = float(np.mean(hits))
    return (
        f"{100 * share:.1f} ± {100 * math.sqrt(max(share * (1 - share), 0.25 / len(hits)) / len(hits)):.1f}"
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def tiers(runs: int) -> str:
    """Share of the value in the top fifth and the top hundredth of log-normal values."""
    rows = []
    for spread in (0.5, 1.0, 1.5):
        tops = (0.2, 0.01)
        cuts = [math.exp(spread * float(ndtri(1 - top))) for top in tops]
        truth = [float(ndtr(spread - ndtri(1 - top))) for top in tops]
        for n in (100, 1000, 10_000):
            rng = np.random.default_rng(round(100 * spread) + n)
            hits: list[list[bool]] = [[], []]
            customers: list[bool] = []
            for _ in range(runs):
                value = rng.lognormal(0, spread, n)
                for place, cut in enumerate(cuts):
                    found = cc.value_tiers(value, [cut])
                    hits[place].append(
                        found.value_share_lower[1] <= truth[place] <= found.value_share_upper[1]
                    )
                    if place == 0:
                        customers.append(
                            found.customer_share_lower[1] <= 0.2 <= found.customer_share_upper[1]
                        )
            rows.append(
                [
                    f"{n:,} customers, spread {spread:g}",
                    percent(customers),
                    percent(hits[0]),
                    percent(hits[1]),
                ]
            )
    head = ["", "customers in the top fifth", "value of the top fifth", "value of the top hundredth"]
    return table(head, rows)


def gain(runs: int) -> str:
    """Gain of two segments that want opposite things, over one policy for all."""
    rows = []
    for words, n, effect, premium in (
        ("two policies pay, clearly", 500, 3.0, 2.0),
        ("two policies pay, clearly", 2000, 3.0, 2.0),
        ("one policy is best for all, clearly", 2000, 0.0, 2.0),
        ("nobody can tell which policy is best for all", 2000, 0.3, 0.2),
    ):
        rng = np.random.default_rng(n)
        truth = max(effect - premium / 2, 0.0)
        hits: list[bool] = []
        for _ in range(runs):
            two, policy = rng.integers(0, 2, (2, n))
            profit = rng.lognormal(1.5, 0.8, n) + effect * np.where(policy == two, 1, -1) + premium * policy
            found = cc.segment_gain(profit, policy, {"two": two}, rng=rng, n_customers=1.0).table.iloc[0]
            hits.append(bool(found["lower"] <= truth <= found["upper"]))
        rows.append([f"{n:,} customers, {words}", f"{truth:g}", percent(hits)])
    return table(["", "true gain a customer", "here"], rows)


PARTS: Final[dict[str, tuple[str, Callable[[int], str]]]] = {
    "tiers": ("tiers.md", tiers),
    "gain": ("stability.md", gain),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000, help="worlds of a cell")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    options = parser.parse_args()
    for name, (page, part) in PARTS.items():
        text = part(options.runs if name == "tiers" else options.runs // 2)
        print(f"\n{name}\n{text}", flush=True)
        if not options.dry:
            write_between(DOCS / page, name, text)


if __name__ == "__main__":
    main()
