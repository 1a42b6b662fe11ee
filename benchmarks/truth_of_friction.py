"""How close estimators of what friction costs come to the truth, where it is known.

`python benchmarks/truth_of_friction.py` simulates large worlds of six kinds for the bias of each estimator,
and smaller ones of the two clean kinds for how often the interval of `friction_loss` holds the truth. It
writes the tables of the docs. Seeds are fixed; it takes about ten minutes, with `--quick` one.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from friction_estimators import ESTIMATORS, OURS, RANKINGS, Rows
from report import write_between

from customer_centric.journey import (
    EventSchema,
    SignalTable,
    detect_signals,
    find_journeys,
    friction_loss,
    placebo_loss,
    prepare_log,
)
from customer_centric.simulate import Friction, JourneyWorld, SimulatedJourneys, simulate_journeys
from customer_centric.typing import FloatArray

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
PAGE: Final = DOCS / "journey" / "loss.md"
SYSTEM: Final = ("error", "price_change", "unresolved")
RAGE: Final = ("negative_emotion",)

ONE_ERROR: Final = JourneyWorld(
    frictions=(Friction(touchpoint="payment", kind="error", rate=0.12, loss=0.35, contact=0.10),)
)
# The default world, with an incident of ten days at payments, and errors that are frequent and cost little.
SEVERAL: Final = JourneyWorld(
    frictions=(
        *JourneyWorld().frictions,
        Friction(touchpoint="catalogue", kind="error", rate=0.15, loss=0.02),
    )
)
KINDS: Final[dict[str, dict[str, Any]]] = {
    "one error": {"world": ONE_ERROR},
    "four frictions": {"world": SEVERAL},
    "sessions cut": {"world": SEVERAL, "cut_after": (4, 21)},
    "errors logged late": {"world": SEVERAL, "noise": 0.06},
    "cut and logged late": {"world": SEVERAL, "cut_after": (4, 21), "noise": 0.06},
    "confounded": {"world": JourneyWorld.confounded()},
}
CLEAN: Final = ("one error", "four frictions")
BY_MOTIVE: Final = f"{OURS}, by motive"


def table_of(world: SimulatedJourneys) -> SignalTable:
    """From events to signals."""
    log = prepare_log(world.log, EventSchema.full())
    contact = [name for name in ("support",) if name in log.touchpoints]
    end = timedelta(hours=1)
    return detect_signals(
        find_journeys(log, goal="purchase", contact=contact, end=world.end, closed_after=end)
    )


def judge_world(kind: str, seed: int, n: int) -> dict[str, Any]:
    """The truth of one world, what each estimator says, and how each ranks its touchpoints."""
    world = simulate_journeys(n, rng=np.random.default_rng([2026, seed]), **KINDS[kind])
    table = table_of(world)
    confounded = kind == "confounded"
    nobody = {"nobody": np.zeros(n, dtype=np.int64)} if confounded else None
    rows = Rows.of(table, RAGE if confounded else SYSTEM, nobody)
    said: dict[str, Any] = {name: estimate(rows, None) for name, estimate in ESTIMATORS.items()}
    if confounded:
        motive = {"motivated": world.journeys["motivated"].to_numpy()}
        said[BY_MOTIVE] = ESTIMATORS[OURS](Rows.of(table, RAGE, motive), None)
    names = table.journeys.visits.touchpoints
    places = {name: names.index(name) for name in world.fix_gain if name in names}
    gains = {
        estimator: {name: estimate(rows, at) for name, at in places.items()}
        for estimator, estimate in ESTIMATORS.items()
    }
    truth = {name: float(world.fix_gain[name]) for name in places}
    points = {name: rank(rows) for name, rank in RANKINGS.items()}
    ranks = {
        name: {place: float(found[at]) for place, at in places.items()} for name, found in points.items()
    }
    return {"lost": float(world.lost), "said": said, "fix": truth, "gains": gains, "ranks": ranks}


def ratio(said: Sequence[float], truth: Sequence[float]) -> tuple[float, float]:
    """Mean estimate over mean truth, and its standard error over worlds."""
    estimate, true = np.asarray(said), np.asarray(truth)
    share = float(estimate.mean() / true.mean())
    rest: FloatArray = estimate - share * true
    return share, float(rest.std(ddof=1) / np.sqrt(rest.size) / true.mean())


def same_order(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return sorted(one, key=one.__getitem__) == sorted(other, key=other.__getitem__)


def summary(worlds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Over the worlds of a kind: shares of the truth, in total and by touchpoint, and ranks."""
    lost = [world["lost"] for world in worlds]
    total = {name: ratio([w["said"][name] for w in worlds], lost) for name in worlds[0]["said"]}
    fix = {
        name: {
            place: ratio([w["gains"][name][place] for w in worlds], [w["fix"][place] for w in worlds])
            for place in worlds[0]["fix"]
        }
        for name in ESTIMATORS
    }
    true = {place: float(np.mean([w["fix"][place] for w in worlds])) for place in worlds[0]["fix"]}
    first, order = {}, {}
    for name in (*ESTIMATORS, *RANKINGS):
        found = [w["gains" if name in ESTIMATORS else "ranks"][name] for w in worlds]
        first[name] = float(
            np.mean([max(f, key=f.__getitem__) == max(true, key=true.__getitem__) for f in found])
        )
        order[name] = float(np.mean([same_order(f, true) for f in found]))
    return {"n": len(worlds), "lost": float(np.mean(lost)), "total": total, "fix": fix, "true": true,
            "first": first, "order": order}  # fmt: skip


def judge_coverage(kind: str, worlds: int, n: int, n_resamples: int) -> dict[str, Any]:
    """How often the interval holds the expected loss of such a world, and the loss of this one."""
    found = np.zeros((worlds, 4))
    for i in range(worlds):
        world = simulate_journeys(n, rng=np.random.default_rng([72, i]), **KINDS[kind])
        rng = np.random.default_rng([73, i])
        loss = friction_loss(table_of(world), rng=rng, n_resamples=n_resamples)
        found[i] = loss.total, loss.interval.lower, loss.interval.upper, world.lost
    total, lower, upper, lost = found.T
    expected = lost.mean()
    held, realised = (lower <= expected) & (expected <= upper), (lower <= lost) & (lost <= upper)
    return {
        "worlds": worlds,
        "journeys": n,
        "expected": float(held.mean()),
        "too_low": float((upper < expected).mean()),
        "too_high": float((lower > expected).mean()),
        "realised": float(realised.mean()),
        "lost": float(expected),
        "bias": float(total.mean() / expected),
        "width": float((upper - lower).mean()),
        "sd": float(total.std(ddof=1)),
    }


def judge_placebo(kind: str, worlds: int, n: int) -> dict[str, Any]:
    """What shuffled signals seem to cost, in percent of what the real ones do."""
    share = []
    for i in range(worlds):
        world = simulate_journeys(n, rng=np.random.default_rng([74, i]), **KINDS[kind])
        placebo = placebo_loss(table_of(world), rng=np.random.default_rng(i), n_shuffles=20)
        share.append((placebo.mean, placebo.total))
    mean = ratio(*zip(*share, strict=True))
    return {"worlds": worlds, "share": mean}


def _head(words: Sequence[str]) -> str:
    return f"| {' | '.join(words)} |\n|---|" + "---:|" * (len(words) - 1)


def _percent(pair: Sequence[float]) -> str:
    return f"{100 * pair[0]:.1f} ± {100 * pair[1]:.1f}"


def table_of_totals(kinds: Mapping[str, Any]) -> str:
    """A row an estimator, a column a kind: percent of the truth."""
    lines = [_head(["percent of what is truly lost", *kinds])]
    for name in (*ESTIMATORS, BY_MOTIVE):
        cells = [_percent(k["total"][name]) if name in k["total"] else "" for k in kinds.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def table_of_fixes(kinds: Mapping[str, Any]) -> str:
    """The gain of fixing one touchpoint: a row an estimator, a column a touchpoint of the clean kinds."""
    columns = [(kind, place) for kind in CLEAN for place in sorted(kinds[kind]["true"])]
    lines = [_head(["percent of the true gain", *(f"{place}, {kind}" for kind, place in columns)])]
    for name in ESTIMATORS:
        cells = [_percent(kinds[kind]["fix"][name][place]) for kind, place in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def table_of_ranks(kinds: Mapping[str, Any]) -> str:
    """How often the costliest touchpoint comes first, and all four in their order."""
    found = kinds["four frictions"]
    lines = [
        _head([f"{found['n']} worlds with four touchpoints that hurt", "costliest first", "all in order"])
    ]
    lines += [
        f"| {name} | {100 * found['first'][name]:.0f} % | {100 * found['order'][name]:.0f} % |"
        for name in (*ESTIMATORS, *RANKINGS)
    ]
    return "\n".join(lines)


def table_of_coverage(coverage: Mapping[str, Any], placebo: Mapping[str, Any]) -> str:
    """A row a clean kind."""
    lines = [
        _head(
            [
                "90 % interval of the total",
                "worlds",
                "holds the expected loss",
                "holds the loss of the world",
                "shuffled signals cost",
            ]
        )
    ]
    for kind, row in coverage.items():
        cells = []
        for share in (row["expected"], row["realised"]):
            error = np.sqrt(max(share * (1 - share), 0.25 / row["worlds"]) / row["worlds"])
            cells.append(f"{100 * share:.1f} ± {100 * error:.1f} %")
        fake = f"{_percent(placebo[kind]['share'])} %"
        lines.append(f"| {kind} | {row['worlds']} of {row['journeys']:,} | {' | '.join(cells)} | {fake} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=32, help="large worlds of each kind")
    parser.add_argument("--journeys", type=int, default=30_000, help="journeys of a large world")
    parser.add_argument("--small", type=int, default=400, help="smaller worlds of each clean kind")
    parser.add_argument("--quick", action="store_true", help="a tenth of it, and leave the docs as they are")
    options = parser.parse_args()
    n_worlds, n_small = (4, 40) if options.quick else (options.worlds, options.small)
    results: dict[str, Any] = {"journeys": options.journeys, "kinds": {}, "coverage": {}, "placebo": {}}
    for kind in KINDS:
        start = time.perf_counter()
        results["kinds"][kind] = summary([judge_world(kind, s, options.journeys) for s in range(n_worlds)])
        print(f"{kind}: {time.perf_counter() - start:.0f} s", flush=True)
    for kind in CLEAN:
        start = time.perf_counter()
        results["coverage"][kind] = judge_coverage(kind, n_small, 3000, 200)
        results["placebo"][kind] = judge_placebo(kind, max(n_small // 20, 3), 3000)
        print(f"coverage, {kind}: {time.perf_counter() - start:.0f} s", flush=True)
    parts = {
        "totals": table_of_totals(results["kinds"]),
        "fixes": table_of_fixes(results["kinds"]),
        "ranks": table_of_ranks(results["kinds"]),
        "coverage": table_of_coverage(results["coverage"], results["placebo"]),
    }
    for mark, text in parts.items():
        print(f"\n{text}")
        if not options.quick:
            write_between(PAGE, mark, text)
    if not options.quick:
        file = DOCS / "benchmarks" / "truth_of_friction.json"
        file.write_text(json.dumps(_rounded(results), indent=1) + "\n")


def _rounded(value: Any) -> Any:
    """Six digits are enough for a file that people may read."""
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return round(value, 6) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
