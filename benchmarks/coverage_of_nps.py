"""How often intervals of an NPS hold the true one: by method, and for weighted and clustered answers.

`python benchmarks/coverage_of_nps.py` counts every possible outcome of samples of 10 to 1,000 answers, for
200 populations drawn at random and seven that look like those of companies; then it simulates surveys with
weights, accounts and strata. It writes the tables of the docs. Seeds are fixed; it takes minutes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from nps_designs import judge_designs, tables_of_designs
from nps_methods import METHODS, SLOW, Outcomes
from report import write_between

from customer_centric.typing import FloatArray

DOCS = Path(__file__).resolve().parent.parent / "docs"
SIZES: Final = (10, 20, 50, 100, 300, 1000)
_AT_ONCE = 2_000_000

# Promoters, passives and detractors of companies one meets.
COMPANIES: Final = {
    "NPS -40": (0.20, 0.20, 0.60),
    "NPS 0": (0.35, 0.30, 0.35),
    "NPS 0, passives": (0.10, 0.80, 0.10),
    "NPS 30": (0.50, 0.30, 0.20),
    "NPS 45": (0.57, 0.31, 0.12),
    "NPS 70": (0.78, 0.14, 0.08),
    "NPS 91": (0.92, 0.07, 0.01),
}


def populations() -> FloatArray:
    """Shares of 200 populations, every triple as likely as any other, and the companies below them."""
    drawn = np.random.default_rng(20160801).dirichlet([1.0, 1.0, 1.0], size=200)
    return np.vstack([drawn, np.array(list(COMPANIES.values()))])


def judge_size(n: int) -> dict[str, Any]:
    """Coverage of each method in each population, its mean width, and how often it leaves the scale."""
    outcomes, truths = Outcomes.of(n), populations()
    names = [name for name in METHODS if n < 1000 or name not in SLOW]
    bounds = {name: outcomes.intervals(METHODS[name]) for name in names}
    rows = np.zeros((3, len(names), len(truths)))
    for at, shares in enumerate(truths):
        chance = outcomes.probabilities(shares)
        counted = np.flatnonzero(chance > 1e-14)
        chance, net = chance[counted], shares[0] - shares[2]
        for row, name in enumerate(names):
            lower, upper = bounds[name][0][counted], bounds[name][1][counted]
            rows[0, row, at] = chance @ ((lower <= net + 1e-12) & (net - 1e-12 <= upper))
            rows[1, row, at] = chance @ (upper - lower)
            rows[2, row, at] = chance @ ((lower < -1 - 1e-9) | (upper > 1 + 1e-9))
    return {"n": n, "methods": {name: _summary(*rows[:, row]) for row, name in enumerate(names)}}


def _summary(coverage: FloatArray, width: FloatArray, beyond: FloatArray) -> dict[str, Any]:
    """Over the populations drawn at random, and the coverage in each of those with a name."""
    drawn = slice(None, -len(COMPANIES))
    return {
        "mean": float(coverage[drawn].mean()),
        "lowest": float(coverage[drawn].min()),
        "distance": float(np.abs(coverage[drawn] - 0.95).mean()),
        "width": float(width[drawn].mean()),
        "leaves_the_scale": float(beyond[drawn].mean()),
        "companies": dict(zip(COMPANIES, coverage[-len(COMPANIES) :].tolist(), strict=True)),
    }


def table_of_methods(results: Sequence[dict[str, Any]]) -> str:
    """A row a method: mean and lowest coverage over the random populations."""
    by_size = {row["n"]: row["methods"] for row in results}
    lines = [_head(["method", *(f"n = {n:,}" for n in by_size)])]
    for name in METHODS:
        cells = [_two(methods[name]) if name in methods else "-" for methods in by_size.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def table_of_distances(results: Sequence[dict[str, Any]]) -> str:
    """How far from 95 the coverage is on average, in points."""
    lines = [_head(["method", *(f"n = {row['n']:,}" for row in results)])]
    for name in METHODS:
        methods = [row["methods"] for row in results]
        cells = [f"{100 * found[name]['distance']:.2f}" if name in found else "-" for found in methods]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def table_of_twenty(results: Sequence[dict[str, Any]]) -> str:
    """What else tells methods apart, with 20 answers."""
    methods = next(row["methods"] for row in results if row["n"] == 20)
    lines = [_head(["method, n = 20", "leaves the scale", "coverage at NPS 91", "width, Wald = 1"])]
    for name, found in methods.items():
        beyond, high = 100 * found["leaves_the_scale"], 100 * found["companies"]["NPS 91"]
        width = found["width"] / methods["Wald"]["width"]
        lines.append(f"| {name} | {beyond:.1f} % | {high:.1f} | {width:.2f} |")
    return "\n".join(lines)


def _head(words: Sequence[str]) -> str:
    return f"| {' | '.join(words)} |\n|---|" + "---:|" * (len(words) - 1)


def _two(found: dict[str, Any]) -> str:
    return f"{100 * found['mean']:.1f} / {100 * found['lowest']:.1f}"


def table_of_companies(results: Sequence[dict[str, Any]]) -> str:
    """Coverage in the populations with a name: Wald's interval against the score interval."""
    kept = ("Wald", "adjusted Wald", "**score (Tango)**")
    few = [row for row in results if row["n"] <= 100]
    lines = [_head(["promoters, passives, detractors", "NPS", *(f"n = {row['n']}" for row in few)])]
    for name, shares in COMPANIES.items():
        triple = ", ".join(f"{100 * share:.0f} %" for share in shares)
        cells = [
            " / ".join(f"{100 * row['methods'][method]['companies'][name]:.1f}" for method in kept)
            for row in few
        ]
        lines.append(f"| {triple} | {100 * (shares[0] - shares[2]):.0f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="answers, by comma")
    parser.add_argument("--runs", type=int, default=8000, help="simulated surveys a design")
    parser.add_argument("--only", choices=("methods", "designs"), help="one half of it")
    parser.add_argument("--dry", action="store_true", help="print, and leave the docs as they are")
    options = parser.parse_args()
    file = DOCS / "benchmarks" / "coverage_of_nps.json"
    results: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    if options.only != "designs":
        results["methods"] = []
        for n in map(int, options.sizes.split(",")):
            start = time.perf_counter()
            results["methods"].append(judge_size(n))
            print(f"n = {n}: {time.perf_counter() - start:.0f} s", flush=True)
    if options.only != "methods":
        start = time.perf_counter()
        results["designs"] = judge_designs(options.runs)
        print(f"designs: {time.perf_counter() - start:.0f} s", flush=True)
    parts = {}
    if options.only != "designs":
        parts["coverage of methods"] = (table_of_methods(results["methods"]), "nps/uncertainty.md")
        more = f"{table_of_distances(results['methods'])}\n\n{table_of_twenty(results['methods'])}"
        parts["more of methods"] = (more, "nps/uncertainty.md")
        parts["coverage of companies"] = (table_of_companies(results["methods"]), "nps/uncertainty.md")
    if options.only != "methods":
        parts["coverage of designs"] = (tables_of_designs(results["designs"]), "nps/designs.md")
    for mark, (text, page) in parts.items():
        print(f"\n{text}")
        if not options.dry:
            write_between(DOCS / page, mark, text)
    if not options.dry:
        file.write_text(json.dumps(_rounded(results), indent=1) + "\n")


def _rounded(value: Any) -> Any:
    """Six digits are enough for a file that people may read."""
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return round(value, 6) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
