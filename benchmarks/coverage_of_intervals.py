"""How often intervals hold what they should: worlds are simulated, fitted, valued, and then watched.

`python benchmarks/coverage_of_intervals.py` draws worlds from known parameters, lets this package fit
and value their customers, and counts how often each kind of interval contains the truth. Seeds are fixed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from report import write_between

from customer_centric import (
    BgNbd,
    DiscountRate,
    Fit,
    GammaGamma,
    MbgNbd,
    ParetoNbd,
    PurchaseHistories,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_mbg_nbd,
    fit_pareto_nbd,
    likelihood_intervals,
    value_customers,
    value_portfolio,
)
from customer_centric.typing import FloatArray, IntArray

Model: TypeAlias = BgNbd | MbgNbd | ParetoNbd

DOCS = Path(__file__).resolve().parent.parent / "docs"
LEVEL: Final = 0.90
HOLDOUT: Final = 39.0
RATE: Final = DiscountRate.annual(0.10)
SPEND: Final = GammaGamma(p=6.25, q=3.74, gamma=15.44)
SIZES: Final = (500, 2000, 8000)
_WATCHED = 200
_PIT_BINS = 10
# Profiles take as long as all the rest of a world: the first worlds are enough for them.
_BY_LIKELIHOOD = 500

# The published estimates for CDNOW.
WORLDS: Final[dict[str, tuple[Model, Callable[..., Fit[Any]]]]] = {
    "BG/NBD": (BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week"), fit_bg_nbd),
    "MBG/NBD": (MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week"), fit_mbg_nbd),
    "Pareto/NBD": (ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week"), fit_pareto_nbd),
}

QUANTITIES: Final = {
    "likelihood": "parameters of the purchase model, by likelihood (mean)",
    "parameters": "parameters of the purchase model, by delta method (mean)",
    "spend_parameters": "parameters of the Gamma-Gamma, by delta method (mean)",
    "probability_alive": "probability alive of a customer who may have left",
    "expected_purchases": "expected purchases of a customer",
    "expected_spend": "expected spend of a customer",
    "lifetime_value": "expected lifetime value of a customer",
    "expected_total": "expected lifetime value of all customers",
    "total_purchases": "purchases of all customers in the holdout",
    "total_value": "discounted value of all customers in the holdout",
    "predicted_purchases": "purchases of one customer in the holdout",
    "predicted_value": "discounted value of one customer in the holdout",
}


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Customers with their future."""

    histories: PurchaseHistories[Any]
    x: FloatArray
    t_x: FloatArray
    age: FloatArray
    mean_spend: FloatArray
    later: FloatArray
    later_value: FloatArray


def draw_world(model: Model, n_customers: int, rng: np.random.Generator) -> World:
    """Customers, one purchase after the other: written apart from `simulate`, which it does not trust."""
    age = rng.integers(189, 274, n_customers) / 7
    who, when = _purchases(model, age + HOLDOUT, rng)
    # Each customer has a scale of spend, and single amounts vary around it.
    scale = 1 / rng.gamma(SPEND.q, 1 / SPEND.gamma, n_customers)
    amount = rng.gamma(SPEND.p, size=who.size) * scale[who]
    seen = when <= age[who]

    def per_customer(kept: Any, values: FloatArray | None = None) -> FloatArray:
        weights = None if values is None else values[kept]
        return np.bincount(who[kept], weights=weights, minlength=n_customers).astype(np.float64)

    x = per_customer(seen)
    t_x = np.zeros(n_customers)
    np.maximum.at(t_x, who[seen], when[seen])
    with np.errstate(invalid="ignore"):
        mean_spend = per_customer(seen, amount) / x
    discount = np.exp(-RATE.per("week") * (when - age[who]))
    histories = PurchaseHistories.from_arrays(x, t_x, age, mean_spend, unit="week")
    later, later_value = per_customer(~seen), per_customer(~seen, amount * discount)
    return World(histories, x, t_x, age, mean_spend, later, later_value)


def _purchases(model: Model, until: FloatArray, rng: np.random.Generator) -> tuple[IntArray, FloatArray]:
    """Repeat purchases: who made them, and when."""
    n_customers = until.size
    rate = rng.gamma(model.r, 1 / model.alpha, n_customers)
    dropout, who = np.zeros(n_customers), np.arange(n_customers)
    if isinstance(model, ParetoNbd):
        with np.errstate(divide="ignore"):
            lifetime = rng.exponential(size=n_customers) / rng.gamma(model.s, 1 / model.beta, n_customers)
        until = np.minimum(until, lifetime)
    else:
        dropout = rng.beta(model.a, model.b, n_customers)
        if isinstance(model, MbgNbd):
            who = who[rng.random(n_customers) >= dropout]
    now = np.zeros(who.size)
    customers: list[IntArray] = []
    times: list[FloatArray] = []
    while who.size:
        with np.errstate(divide="ignore"):
            now = now + rng.exponential(size=who.size) / rate[who]
        bought = now < until[who]
        who, now = who[bought], now[bought]
        customers.append(who)
        times.append(now)
        stays = rng.random(who.size) >= dropout[who]
        who, now = who[stays], now[stays]
    return np.concatenate(customers), np.concatenate(times)


def judge_world(job: tuple[str, int, int]) -> dict[str, Any]:
    """One world: which intervals held the truth, as shares, and the PIT of some customers."""
    name, n_customers, number = job
    truth, fit = WORLDS[name]
    rng = np.random.default_rng([sorted(WORLDS).index(name), n_customers, number])
    world = draw_world(truth, n_customers, rng)
    purchases, spend = fit(world.histories), fit_gamma_gamma(world.histories)
    covered = dict(_parameters(purchases, truth)) | dict(_spend_parameters(spend))
    if number < _BY_LIKELIHOOD:
        covered |= dict(_by_likelihood(purchases, world, truth))
    covered |= _customers(world, truth, purchases, spend)
    covered |= _totals(world, truth, purchases, spend)
    return {
        "covered": covered,
        "boundary": purchases.boundary,
        "pit": _pit_histogram(world, purchases.model, rng).tolist(),
    }


def _parameters(fit: Fit[Any], truth: Model) -> Iterator[tuple[str, float]]:
    held = _holds(fit.summary(confidence_level=LEVEL), truth.parameters)
    yield "parameters", float(held.mean())
    yield from zip((f"parameter {name}" for name in truth.parameter_names), held.tolist(), strict=True)


def _by_likelihood(fit: Fit[Any], world: World, truth: Model) -> Iterator[tuple[str, float]]:
    held = _holds(likelihood_intervals(fit, world.histories, confidence_level=LEVEL), truth.parameters)
    yield "likelihood", float(held.mean())
    yield from zip((f"likelihood {name}" for name in truth.parameter_names), held.tolist(), strict=True)


def _spend_parameters(fit: Fit[GammaGamma]) -> Iterator[tuple[str, float]]:
    held = _holds(fit.summary(confidence_level=LEVEL), SPEND.parameters)
    yield "spend_parameters", float(held.mean())


def _holds(frame: Any, values: FloatArray, name: str = "") -> FloatArray:
    """1 where the interval of the frame contains the value, 0 where it does not."""
    lower, upper = (frame[f"{name}{side}"].to_numpy(dtype=np.float64) for side in ("lower", "upper"))
    # Where there is nothing to be unsure of, the interval is a point, equal up to the last bits.
    slack = 1e-12 * np.abs(values)
    return np.asarray((lower <= values + slack) & (values - slack <= upper), dtype=np.float64)


def _customers(world: World, truth: Model, purchases: Fit[Any], spend: Fit[GammaGamma]) -> dict[str, float]:
    """Shares of customers whose interval contains the truth."""
    frame = value_customers(
        world.histories, purchases, spend, horizon=HOLDOUT, discount_rate=RATE, confidence_level=LEVEL
    )
    history = (world.x, world.t_x, world.age)
    expected_spend = SPEND.expected_spend(world.x, np.where(world.x > 0, world.mean_spend, 0.0))
    discounted = truth.discounted_purchases(*history, discount_rate=RATE, horizon=HOLDOUT)
    true = {
        "probability_alive": truth.probability_alive(*history),
        "expected_purchases": truth.expected_purchases(*history, horizon=HOLDOUT),
        "expected_spend": expected_spend,
        "lifetime_value": expected_spend * discounted,
        "predicted_purchases": world.later,
        "predicted_value": world.later_value,
    }
    held = {name: _holds(frame, values, f"{name}_") for name, values in true.items()}
    # Nobody leaves a BG/NBD before a repeat purchase: nothing to estimate there.
    held["probability_alive"] = held["probability_alive"][true["probability_alive"] < 1]
    return {name: float(shares.mean()) for name, shares in held.items()}


def _totals(world: World, truth: Model, purchases: Fit[Any], spend: Fit[GammaGamma]) -> dict[str, float]:
    """Whether the intervals of totals contain the expectation and what came."""
    total = value_portfolio(
        world.histories, purchases, spend, horizon=HOLDOUT, discount_rate=RATE, confidence_level=LEVEL
    )
    history = (world.x, world.t_x, world.age)
    expected_spend = SPEND.expected_spend(world.x, np.where(world.x > 0, world.mean_spend, 0.0))
    expected = expected_spend @ truth.discounted_purchases(*history, discount_rate=RATE, horizon=HOLDOUT)
    reach = 1.6448536269514722 * total.parameter_standard_error / total.lifetime_value
    bought, spent = world.later.sum(), world.later_value.sum()
    return {
        "expected_total": float(abs(np.log(expected / total.lifetime_value)) <= reach),
        "total_purchases": float(total.purchases_interval.lower <= bought <= total.purchases_interval.upper),
        "total_value": float(total.interval.lower <= spent <= total.interval.upper),
    }


def _pit_histogram(world: World, model: Model, rng: np.random.Generator) -> IntArray:
    """Randomised PIT of some customers: uniform where the predictive distribution is right."""
    watched = rng.choice(world.x.size, min(_WATCHED, world.x.size), replace=False)
    history = (world.x[watched], world.t_x[watched], world.age[watched])
    n = world.later[watched]
    below = 1 - model.purchase_tail(n, *history, horizon=HOLDOUT)
    at = model.purchase_pmf(n, *history, horizon=HOLDOUT)
    pit = np.clip(below + rng.random(n.size) * at, 0.0, np.nextafter(1.0, 0.0))
    return np.bincount((pit * _PIT_BINS).astype(np.int64), minlength=_PIT_BINS)


def summarise(name: str, n_customers: int, worlds: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over worlds, with their standard errors."""
    quantities = worlds[0]["covered"]
    shares = {
        key: np.array([world["covered"][key] for world in worlds if key in world["covered"]])
        for key in quantities
    }
    pit = np.array([world["pit"] for world in worlds])
    shape = pit / pit.sum(axis=1, keepdims=True)
    return {
        "model": name,
        "customers": n_customers,
        "worlds": len(worlds),
        "at_limit": float(np.mean([world["boundary"] is not None for world in worlds])),
        "coverage": {key: float(values.mean()) for key, values in shares.items()},
        "standard_error": {
            key: float(values.std(ddof=1) / np.sqrt(values.size)) for key, values in shares.items()
        },
        "pit": shape.mean(axis=0).tolist(),
        "pit_standard_error": (shape.std(axis=0, ddof=1) / np.sqrt(len(worlds))).tolist(),
    }


def tables(results: dict[str, Any]) -> str:
    """A table a model: rows are intervals, columns are numbers of customers."""
    parts: list[str] = []
    for name in WORLDS:
        rows = [row for row in results["rows"] if row["model"] == name]
        if not rows:
            continue
        sizes = " | ".join(f"{row['customers']:,} customers" for row in rows)
        lines = [f"### {name}\n", f"| 90 % interval of | {sizes} |", "|---|" + "---:|" * len(rows)]
        for key, words in QUANTITIES.items():
            cells = (
                _percent(row["coverage"][key], row["standard_error"][key]) if key in row["coverage"] else "-"
                for row in rows
            )
            lines.append(f"| {words} | {' | '.join(cells)} |")
        worst = (100 * max(abs(share - 1 / _PIT_BINS) for share in row["pit"]) for row in rows)
        lines.append(f"| *PIT: worst of ten bins, from 10 %* | {' | '.join(f'{x:.2f}' for x in worst)} |")
        lines.append(f"| *worlds* | {' | '.join(format(row['worlds'], ',') for row in rows)} |")
        at_limit = (f"{100 * row['at_limit']:.1f} %" for row in rows)
        lines.append(f"| *worlds whose fit is at a limit* | {' | '.join(at_limit)} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _percent(share: float, error: float) -> str:
    return f"{100 * share:.1f} ± {100 * error:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=2000, help="worlds a model and size")
    parser.add_argument("--models", default=",".join(WORLDS), help="by comma")
    parser.add_argument("--customers", default=",".join(map(str, SIZES)), help="sizes of worlds, by comma")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--output", type=Path, help="JSON; the docs' own after a run of all models and sizes")
    options = parser.parse_args()
    results: dict[str, Any] = {"date": dt.datetime.now(tz=dt.UTC).date().isoformat(), "rows": []}
    sizes = [int(size) for size in options.customers.split(",")]
    # Worlds are small and there are many: a process a core, and one thread in each.
    os.environ.update({f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")})
    with get_context("spawn").Pool(options.processes) as pool:
        for name in options.models.split(","):
            for size in sizes:
                start = time.perf_counter()
                jobs = [(name, size, number) for number in range(options.worlds)]
                worlds = list(pool.imap_unordered(judge_world, jobs, chunksize=4))
                results["rows"].append(summarise(name, size, worlds))
                print(f"{name}, {size} customers: {time.perf_counter() - start:.0f} s", flush=True)
    text = tables(results)
    print(text)
    whole = set(options.models.split(",")) == set(WORLDS) and set(sizes) == set(SIZES)
    output = options.output or (DOCS / "benchmarks" / "coverage.json" if whole else None)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(results, indent=1) + "\n")
    if whole and options.output is None:
        write_between(DOCS / "benchmarks.md", "coverage", text)


if __name__ == "__main__":
    main()
