"""How often intervals of the impact of a theme hold the truth.

`python benchmarks/coverage_of_themes.py` draws surveys of known shares, and others whose accounts agree, and
writes the tables of the docs. Seeds are fixed; it takes minutes.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import Final

import numpy as np
from report import write_between
from scipy.special import ndtri, stdtrit

from customer_centric.intervals import mover_interval, tango_interval, wilson_interval
from customer_centric.nps._themes_counts import ThemeCounts, unit_squares
from customer_centric.nps._themes_estimates import estimate_themes, impact_interval
from customer_centric.typing import FloatArray, IntArray

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "nps" / "themes.md"
SIZES: Final = (30, 100, 400)
SHARES: Final = (0.03, 0.1, 0.3, 0.7)
# Detractors, passives and promoters among those who mention the theme, and among the others.
CLASSES: Final = (
    ((0.6, 0.2, 0.2), (0.1, 0.3, 0.6)),
    ((0.2, 0.3, 0.5), (0.2, 0.3, 0.5)),
    ((0.0, 0.1, 0.9), (0.2, 0.3, 0.5)),
)
# Accounts, how much of mood and of what is on people's minds they share, share of the theme.
ACCOUNTS: Final = ((15, 0.5, 0.3), (15, 0.5, 0.1), (40, 0.5, 0.3), (40, 0.5, 0.1), (100, 0.8, 0.05))
_PULL: Final = 0.4


def without_last_term(inside: FloatArray, outside: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Wilson's bounds of the share and MOVER's of the difference, each as if the other were known."""
    m, o = inside.sum(axis=1), outside.sum(axis=1)
    nets = [(side[:, 2] - side[:, 0]) / side.sum(axis=1) for side in (inside, outside)]
    bounds = [tango_interval(side[:, 2], side[:, 0], side.sum(axis=1)) for side in (inside, outside)]
    low, high = mover_interval(np.stack(nets), *(np.stack([b[end] for b in bounds]) for end in (0, 1)))
    share, (below, above) = m / (m + o), wilson_interval(m, m + o)
    d = nets[0] - nets[1]
    down, up = np.where(d > 0, share - below, above - share), np.where(d > 0, above - share, share - below)
    reach = np.hypot(share * (d - low), d * down), np.hypot(share * (high - d), d * up)
    return share * d - reach[0], share * d + reach[1]


def linearised(inside: FloatArray, outside: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The impact with the spread of the influences of answers."""
    value = np.array([-1.0, 0.0, 1.0])
    n, o = (inside + outside).sum(axis=1), outside.sum(axis=1)
    score, others = (inside + outside) @ value / n, outside @ value / o
    away = value - score[:, None]
    moved = away - (value - others[:, None]) * (n / o)[:, None]
    squares = (inside * away**2).sum(axis=1) + (outside * moved**2).sum(axis=1)
    reach = -stdtrit(n - 1, 0.025) * np.sqrt(squares / n / (n - 1))
    return score - others - reach, score - others + reach


def judge_shares(surveys: int) -> str:
    """Lowest and highest coverage over all designs."""
    methods = {
        "this one": lambda a, b: impact_interval(a, b, np.ones(len(a)), 0.95)[1:],
        "without the last term": without_last_term,
        "linearisation (influence of each answer, t-quantile)": linearised,
    }
    hits: dict[str, list[float]] = {name: [] for name in methods}
    for n, share, (with_, without) in itertools.product(SIZES, SHARES, CLASSES):
        rng = np.random.default_rng(int(1000 * n + 100 * share))
        chance = [*(share * np.array(with_)), *((1 - share) * np.array(without))]
        counts = rng.multinomial(n, chance, size=surveys).astype(float)
        inside, outside = counts[:, :3], counts[:, 3:]
        known = (inside.sum(axis=1) > 0) & (outside.sum(axis=1) > 0)
        truth = share * (with_[2] - with_[0] - without[2] + without[0])
        for name, method in methods.items():
            lower, upper = method(inside[known], outside[known])
            hits[name].append(100 * float(((lower <= truth) & (truth <= upper)).mean()))
    rows = [f"| {name} | {min(found):.1f} % | {max(found):.1f} % |" for name, found in hits.items()]
    head = "| how often an interval of 95 % holds the truth | lowest | highest |\n|---|---|---|\n"
    return head + "\n".join(rows)


def answers_of_accounts(
    rng: np.random.Generator, accounts: int, alike: float, share: float
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Account, net value and mention of each answer; accounts have three on average."""
    unit = np.repeat(np.arange(accounts), rng.geometric(1 / 3, size=accounts))

    def noise() -> FloatArray:
        return np.sqrt(alike) * rng.normal(size=accounts)[unit] + np.sqrt(1 - alike) * rng.normal(
            size=unit.size
        )

    mood = noise()
    mind = noise() - _PULL * mood
    mentioned = mind > -ndtri(share) * np.sqrt(1 + _PULL**2)
    return unit, (mood > 0) * 1.0 - (mood < -0.8), mentioned * 1.0


def counts_of(unit: IntArray, net: FloatArray, mentioned: FloatArray, *, by_account: bool) -> ThemeCounts:
    """Counts of one theme."""
    code = (net + 1).astype(np.int64)
    return ThemeCounts(
        everybody=np.bincount(code, minlength=3) * 1.0,
        mentioning=np.bincount(code, mentioned, 3)[None],
        n_missing=0,
        n_invalid=0,
        n_units=float(unit.max() + 1 if by_account else unit.size),
        squares=unit_squares(unit, net, [mentioned]) if by_account else None,
    )


def judge_accounts(surveys: int) -> str:
    """Coverage with accounts, heeded and ignored."""
    rows = ["| accounts | share of the theme | accounts heeded | accounts ignored |", "|---|---|---|---|"]
    for accounts, alike, share in ACCOUNTS:
        rng = np.random.default_rng(accounts)
        large = counts_of(*answers_of_accounts(rng, 100_000, alike, share), by_account=False)
        truth = float(estimate_themes(large, 0.95).impact[0][0])
        hits = np.zeros(2)
        for _ in range(surveys):
            drawn = answers_of_accounts(rng, accounts, alike, share)
            for i, by_account in enumerate((True, False)):
                _, lower, upper = estimate_themes(counts_of(*drawn, by_account=by_account), 0.95).impact
                hits[i] += float(lower[0]) <= truth <= float(upper[0])
        heeded, ignored = 100 * hits / surveys
        rows.append(f"| {accounts} | {100 * share:.0f} % | {heeded:.1f} % | {ignored:.1f} % |")
        print(rows[-1], flush=True)
    return "\n".join(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--surveys", type=int, default=1000)
    surveys = parser.parse_args().surveys
    write_between(PAGE, "coverage", judge_shares(4 * surveys))
    write_between(PAGE, "accounts", judge_accounts(surveys // 2))
