"""How often intervals of an NPS hold the true one where answers are weighted, clustered or stratified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.special import stdtrit

from customer_centric._methods.survey_design import Answers, DesignMeans, design_means
from customer_centric.intervals import tango_interval
from customer_centric.nps._estimates import net_shares
from customer_centric.typing import FloatArray, IntArray

LEVEL: Final = 0.95
Z: Final = 1.959963984540054
VALUES: Final = np.array([1.0, 0.0, -1.0])

# Promoters, passives and detractors.
ANSWERS: Final = {
    "middling": (0.50, 0.30, 0.20),
    "high": (0.85, 0.10, 0.05),
    "nearly all promoters": (0.95, 0.04, 0.01),
    "low": (0.15, 0.25, 0.60),
    "polarised": (0.50, 0.00, 0.50),
    "passive": (0.10, 0.80, 0.10),
}
METHODS: Final = ("normal", "t", "Korn-Graubard", "**here**")


@dataclass(frozen=True, slots=True, eq=False)
class Surveys:
    """Simulated surveys, each a group of the answers, and the net share that all of them estimate."""

    answers: Answers
    truth: float


@dataclass(frozen=True, slots=True)
class Design:
    """One way to draw a survey of a given kind of answers."""

    kind: str
    words: str
    draw: Callable[[FloatArray, int, np.random.Generator], Surveys]


def _surveys(
    value: FloatArray,
    survey: IntArray,
    runs: int,
    truth: float,
    *,
    weight: FloatArray | None = None,
    cluster: IntArray | None = None,
    stratum: IntArray | None = None,
) -> Surveys:
    one = np.ones(value.size)
    weight = one if weight is None else weight
    return Surveys(Answers(value, one, weight, weight**2, survey, runs, cluster, stratum), truth)


def weighted(n: int, variation: float, link: float) -> Design:
    """Weights that are lognormal, and linked to the answer: those of detractors are larger."""
    sd = np.sqrt(np.log1p(variation**2))

    def draw(shares: FloatArray, runs: int, rng: np.random.Generator) -> Surveys:
        value = rng.choice(VALUES, p=shares, size=runs * n)
        mean = shares @ VALUES
        standard = (VALUES - mean) / np.sqrt(shares @ (VALUES - mean) ** 2)
        own = rng.standard_normal(value.size) * np.sqrt(1 - link**2)
        log_weight = sd * (own - link * standard[(1 - value).astype(np.int64)])
        # What an answer stands for on average decides what is estimated.
        stands_for = shares * np.exp(-sd * link * standard)
        truth = float(stands_for @ VALUES / stands_for.sum())
        return _surveys(value, np.repeat(np.arange(runs), n), runs, truth, weight=np.exp(log_weight))

    kind = "weights larger for detractors" if link else "weights that have nothing to do with the answer"
    return Design(kind, f"{n} answers, ± {100 * variation:.0f} %", draw)


def clustered(n_clusters: int, correlation: float, *, large: bool) -> Design:
    """Accounts whose people answer alike: each answer is the account's own with some probability."""

    def draw(shares: FloatArray, runs: int, rng: np.random.Generator) -> Surveys:
        count = runs * n_clusters
        sizes = rng.integers(1, 9, count)
        if large:
            sizes = np.maximum(np.rint(np.exp(0.5 + 1.1 * rng.standard_normal(count))), 1).astype(np.int64)
            sizes = np.minimum(sizes, 60)
        cluster = np.repeat(np.arange(count), sizes)
        of_account = rng.choice(VALUES, p=shares, size=count)[cluster]
        value = rng.choice(VALUES, p=shares, size=cluster.size)
        value = np.where(rng.random(cluster.size) < np.sqrt(correlation), of_account, value)
        truth = float(shares @ VALUES)
        return _surveys(value, cluster // n_clusters, runs, truth, cluster=cluster)

    kind = "accounts, a few of them large" if large else "accounts of 1 to 8 answers"
    return Design(kind, f"{n_clusters} accounts, {correlation:.1f}", draw)


def stratified(n_strata: int, per_stratum: int) -> Design:
    """Strata of unequal size, equally many answers from each, and unequal shares of promoters."""
    size = np.arange(n_strata, 0, -1, dtype=np.float64)
    size /= size.sum()

    def draw(shares: FloatArray, runs: int, rng: np.random.Generator) -> Surveys:
        tilt = np.linspace(-0.8, 0.8, n_strata)[:, None] * VALUES
        own = shares * np.exp(tilt)
        own /= own.sum(axis=1, keepdims=True)
        n = n_strata * per_stratum
        stratum = np.tile(np.repeat(np.arange(n_strata), per_stratum), runs)
        beyond = rng.random(stratum.size)[:, None] > np.cumsum(own, axis=1)[stratum, :2]
        value = 1.0 - beyond.sum(axis=1)
        truth = float(size @ own @ VALUES)
        weight = size[stratum] / per_stratum
        return _surveys(value, np.repeat(np.arange(runs), n), runs, truth, weight=weight, stratum=stratum)

    return Design("strata of unequal size", f"{n_strata} of {per_stratum} answers", draw)


def designs() -> Iterator[Design]:
    for link in (0.0, 0.5):
        for n in (10, 30, 100):
            for variation in (0.3, 0.7, 1.2):
                yield weighted(n, variation, link)
    for large in (False, True):
        for n_clusters in (5, 10, 15, 40):
            for correlation in (0.1, 0.5):
                yield clustered(n_clusters, correlation, large=large)
    for n_strata, per_stratum in ((2, 5), (4, 10), (4, 25), (10, 3)):
        yield stratified(n_strata, per_stratum)


def judge(surveys: Surveys) -> dict[str, list[float]]:
    """Coverage and mean width of each method."""
    means = design_means(surveys.answers)
    ours = net_shares(surveys.answers, method="score", confidence_level=LEVEL)
    error = np.sqrt(np.nan_to_num(means.variance))
    t = _quantile(means.degrees_of_freedom)
    plain = _plain_answers(means, t)
    bounds = [
        (means.mean - Z * error, means.mean + Z * error),
        (means.mean - t * error, means.mean + t * error),
        tango_interval(ours.promoters * plain, ours.detractors * plain, plain, confidence_level=LEVEL),
        (ours.lower, ours.upper),
    ]
    truth = surveys.truth
    return {
        "coverage": [
            float(np.mean((low <= truth + 1e-12) & (truth - 1e-12 <= high))) for low, high in bounds
        ],
        "width": [float(np.mean(high - low)) for low, high in bounds],
    }


def _plain_answers(means: DesignMeans, t: FloatArray) -> FloatArray:
    """Korn and Graubard's: spread over variance, with the quantile of t, at most as many as there are."""
    with np.errstate(divide="ignore", invalid="ignore"):
        adjusted = means.spread / means.variance * (Z / t) ** 2
    return np.minimum(np.where(means.variance > 0, adjusted, means.weighted_n), means.n)


def _quantile(degrees_of_freedom: FloatArray) -> FloatArray:
    return np.asarray(-stdtrit(np.maximum(degrees_of_freedom, 1.0), (1 - LEVEL) / 2))


def judge_designs(runs: int) -> list[dict[str, Any]]:
    """Each design with each kind of answers."""
    rows: list[dict[str, Any]] = []
    for number, design in enumerate(designs()):
        for at, (name, shares) in enumerate(ANSWERS.items()):
            rng = np.random.default_rng([number, at])
            found = judge(design.draw(np.array(shares), runs, rng))
            rows.append({"kind": design.kind, "design": design.words, "answers": name, "runs": runs, **found})
    return rows


def tables_of_designs(rows: Sequence[dict[str, Any]]) -> str:
    """What was simulated, how often each method fell short, where, and a table a kind of design."""
    parts = [_setting(rows), _summary(rows), _CELLS]
    for kind in dict.fromkeys(row["kind"] for row in rows):
        of_kind = [row for row in rows if row["kind"] == kind]
        lines = [
            f"#### {kind.capitalize()}\n",
            f"| design | {' | '.join(METHODS)} | width / t |",
            "|---|" + "---:|" * (len(METHODS) + 1),
        ]
        for words in dict.fromkeys(row["design"] for row in of_kind):
            alike = [row for row in of_kind if row["design"] == words]
            coverage = 100 * np.array([row["coverage"] for row in alike])
            width = np.array([row["width"] for row in alike])
            cells = [f"{column.mean():.1f} / {column.min():.1f}" for column in coverage.T]
            lines.append(f"| {words} | {' | '.join(cells)} | {np.mean(width[:, 3] / width[:, 1]):.2f} |")
        parts.append("\n".join(lines))
    parts += [_shortfalls(rows), _WHY]
    return "\n\n".join(parts)


_CELLS: Final = (
    "In the tables below, a cell has the mean coverage over the six kinds of answers, and the lowest of "
    "them. The last column is the mean width of the interval of this package over that of t. A percentage "
    "is how much weights vary (their standard deviation over their mean), a fraction the correlation within "
    "accounts."
)


_WHY: Final = (
    "They have one cause: what decides the score is rare, and in few hands. Where one answer in a "
    "hundred is a detractor's and such an answer weighs several times as much as others, most surveys "
    "have none or one of them, and what was not seen has no variance. It is the same where accounts "
    "speak with one voice and hardly any account is unhappy. An interval is made of the answers alone "
    "and cannot know; the linearised ones know less. Ask more accounts, or more of those whose answers "
    "weigh much, and show how many there were. With 5 or 10 units the interval errs on the other side: "
    "it holds more than it says, and is wide."
)


def _setting(rows: Sequence[dict[str, Any]]) -> str:
    runs = rows[0]["runs"]
    error = 100 * np.sqrt(0.95 * 0.05 / runs)
    kinds = "; ".join(
        f"{name} ({' / '.join(f'{100 * share:.0f}' for share in shares)})" for name, shares in ANSWERS.items()
    )
    return (
        f"{len(rows)} scenarios of {runs:,} surveys each, so that a coverage is known to about {error:.1f} "
        f"points, with six kinds of answers, as promoters / passives / detractors: {kinds}. *normal* and "
        "*t* are the linearised standard error times 1.96, or times the quantile of t with units "
        "less strata. "
        "*Korn-Graubard* is the score interval with their number of answers, "
        "\\(\\min(n, (s^2/V)(z/t)^2)\\), and Kish's where \\(V = 0\\)."
    )


def _shortfalls(rows: Sequence[dict[str, Any]], limit: float = 0.925) -> str:
    """Where the interval of this package holds less than it should, the worst first."""
    short = sorted((row for row in rows if row["coverage"][3] < limit), key=lambda row: row["coverage"][3])
    words = f"less than {100 * limit:.1f} % of the time in {len(short)} of {len(rows)} scenarios"
    lines = [
        f"The interval of this package holds the truth {words}:",
        "",
        f"| design | answers | {METHODS[1]} | {METHODS[3]} |",
        "|---|---|---:|---:|",
    ]
    for row in short:
        t, ours = (f"{100 * row['coverage'][at]:.1f}" for at in (1, 3))
        lines.append(f"| {row['kind']}: {row['design']} | {row['answers']} | {t} | {ours} |")
    return "\n".join(lines)


def _summary(rows: Sequence[dict[str, Any]]) -> str:
    coverage = 100 * np.array([row["coverage"] for row in rows])
    lines = [f"| of {len(rows)} scenarios | {' | '.join(METHODS)} |", "|---|" + "---:|" * len(METHODS)]
    lines.append("| mean coverage | " + " | ".join(f"{x:.1f}" for x in coverage.mean(axis=0)) + " |")
    for limit in (94, 92, 90, 80):
        below = (coverage < limit).sum(axis=0)
        lines.append(f"| below {limit} % | {' | '.join(map(str, below))} |")
    lines.append("| lowest | " + " | ".join(f"{x:.1f}" for x in coverage.min(axis=0)) + " |")
    return "\n".join(lines)
