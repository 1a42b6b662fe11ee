"""Weights of signals once more: rows in plain loops, and expectation maximisation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from customer_centric.journey import SignalTable
from customer_centric.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """At-risk visits: their strata, severities, outcomes and weights."""

    stratum: IntArray
    severity: FloatArray
    outcome: FloatArray
    weight: FloatArray


def slow_rows(signals: SignalTable, studied: list[str], *, weighted: Literal["all", "clean"] = "all") -> Rows:
    """The at-risk visits of all journeys, in periods of 10 days; strata without a flag are left out.

    Visits are weighted for the flags that their journeys did not meet later; or, to see what is wrong
    with it, clean ones alone.
    """
    journeys, v = signals.journeys, signals.journeys.visits
    severities = signals.dense()[:, [signals.names.index(name) for name in studied]]
    channel = np.zeros(v.n_visits) if v.channel is None else v.channel.codes
    flagged = severities.any(axis=1)
    usable = ~v.after_goal & np.isfinite(journeys.outcome)[v.journey]
    monitored = set(v.touchpoint[flagged & usable].tolist())
    first_start = v.begin[v.starts[:-1]].min()
    rows: list[tuple[int, bool, Hashable, list[int]]] = []
    cells: dict[int, tuple[int, int, int]] = {}
    counts: dict[tuple[int, ...], list[int]] = defaultdict(lambda: [0, 0])
    for journey in range(journeys.n_journeys):
        visits = range(v.starts[journey], v.starts[journey + 1])
        mine = [i for i in visits if usable[i] and int(v.touchpoint[i]) in monitored]
        days = (v.begin[v.starts[journey]] - first_start) / v.clock.ticks_per_second / 86_400
        met = False
        attempts: dict[int, int] = defaultdict(int)
        for place, i in enumerate(mine):
            step, where = int(v.touchpoint[i]), int(channel[i])
            cells[i] = (step, where, int(days // 10))
            attempts[step] += 1
            if not met:
                for depth in (3, 2, 1):
                    counts[cells[i][:depth]][0] += 1
                    counts[cells[i][:depth]][1] += bool(flagged[i])
                stratum = (step, min(attempts[step], 3), where)
                rows.append((i, bool(flagged[i]), stratum, mine[place + 1 :]))
            met = met or bool(flagged[i])

    def stays_clean(i: int) -> float:
        """One less the flag rate of the smallest group of visits that is large enough."""
        group = next((cells[i][:d] for d in (3, 2) if counts[cells[i][:d]][0] >= 20), cells[i][:1])
        return 1.0 - min(0.95, counts[group][1] / counts[group][0])

    weights = []
    for _, flag, _, later in rows:
        alone = flag and weighted == "clean"
        weight = 1.0 if alone else 1.0 / np.prod([stays_clean(i) for i in later])
        weights.append(weight if alone or not flagged[later].any() else 0.0)
    kept = {z for (_, flag, z, _), weight in zip(rows, weights, strict=True) if flag and weight > 0}
    codes = {z: code for code, z in enumerate(sorted(kept, key=str))}
    used = [place for place, row in enumerate(rows) if row[2] in codes]
    visit = np.array([rows[place][0] for place in used])
    return Rows(
        stratum=np.array([codes[rows[place][2]] for place in used]),
        severity=severities[visit],
        outcome=journeys.outcome[v.journey[visit]],
        weight=np.array([weights[place] for place in used]),
    )


def maximise(
    rows: Rows, prior: FloatArray, strength: float, *, n_steps: int
) -> tuple[FloatArray, list[float]]:
    """Weights by expectation maximisation over latent Poisson causes, and the log-posterior on the way."""
    n_strata = int(rows.stratum.max()) + 1
    beta0 = -np.log1p(-prior)
    alpha, beta = np.full(n_strata, 0.5), np.full(prior.size, 0.5)
    lost = rows.weight * (1.0 - rows.outcome)
    exposed = rows.weight @ rows.severity
    of_stratum = np.bincount(rows.stratum, rows.weight)
    path = []
    for _ in range(n_steps):
        eta = alpha[rows.stratum] + rows.severity @ beta
        gone = -np.expm1(-eta)
        value = (lost * np.log(gone) - rows.weight * rows.outcome * eta).sum()
        path.append(float(value + strength * (beta0 * np.log(beta) - beta).sum()))
        share = lost / gone
        beta = (strength * beta0 + beta * (share @ rows.severity)) / (strength + exposed)
        # A stratum in which nobody is lost without a flag has no other loss to explain: next to 0.
        alpha = np.maximum(alpha * np.bincount(rows.stratum, share) / of_stratum, 1e-12)
    return -np.expm1(-beta), path
