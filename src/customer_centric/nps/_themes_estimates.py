"""How many points a theme moves the score, from counts, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.special import stdtrit

from customer_centric.intervals import mover_interval, tango_interval, wilson_interval
from customer_centric.nps._tables import Column
from customer_centric.nps._themes_counts import ThemeCounts
from customer_centric.typing import FloatArray

# An estimate with its bounds.
Bounded: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True, slots=True, eq=False)
class ThemeEstimates:
    """Estimates of each theme with bounds, as fractions, and the bounds of the score of all."""

    mentions: FloatArray
    share: Bounded
    with_: Bounded
    without: Bounded
    impact: Bounded
    whole: tuple[float, float]


def estimate_themes(counts: ThemeCounts, confidence_level: float) -> ThemeEstimates:
    """Shares, scores and impacts; each interval counts the answers that tell as much about it."""
    inside = counts.mentioning
    outside = counts.everybody - inside
    n = counts.everybody.sum()
    known = effective_counts(counts, confidence_level)
    (_, lower, upper), with_, without = _net_intervals(
        (counts.everybody[None], inside, outside),
        (known.everybody[:1], known.inside, known.outside),
        confidence_level,
    )
    impact, low, high = impact_interval(inside, outside, known.impact / n, confidence_level)
    # Without anybody to compare with, the score of the others may be anything.
    alone = outside.sum(axis=1) == 0
    return ThemeEstimates(
        mentions=inside.sum(axis=1),
        share=_share_interval(inside.sum(axis=1) / n, known.share, confidence_level),
        with_=with_,
        without=without,
        impact=(
            np.where(alone, np.nan, impact),
            np.where(alone, lower - 1.0, low),
            np.where(alone, upper + 1.0, high),
        ),
        whole=(float(lower[0]), float(upper[0])),
    )


def theme_table(themes: tuple[str, ...], found: ThemeEstimates) -> dict[str, Column]:
    """The columns of the table, by ascending impact."""
    impact = found.impact[0]
    order = np.argsort(np.where(np.isnan(impact), np.inf, impact), kind="stable")
    triples = {
        "share": found.share,
        "score_with": found.with_,
        "score_without": found.without,
        "": found.impact,
    }
    columns = {
        f"{name}{end}": (1.0 if name == "share" else 100.0) * values[order]
        for name, triple in triples.items()
        for end, values in zip(("", "_lower", "_upper"), triple, strict=True)
    }
    return {
        "theme": [themes[i] for i in order],
        "mentions": found.mentions[order].astype(np.int64),
        **{name or "impact": columns[name] for name in columns if name not in {"_lower", "_upper"}},
        "lower": columns["_lower"],
        "upper": columns["_upper"],
        "reason": ["every answer mentions it" if np.isnan(impact[i]) else None for i in order],
    }


@dataclass(frozen=True, slots=True, eq=False)
class EffectiveCounts:
    """Answers of a simple random sample that would tell as much, of each theme and for each estimate."""

    everybody: FloatArray
    share: FloatArray
    inside: FloatArray
    outside: FloatArray
    impact: FloatArray


def effective_counts(counts: ThemeCounts, confidence_level: float) -> EffectiveCounts:
    """Answers that each interval counts: fewer than there are where clusters hold several that agree."""
    n = np.broadcast_to(counts.everybody.sum(), counts.mentioning.shape[:1])
    m = counts.mentioning.sum(axis=1)
    o = n - m
    if counts.squares is None:
        return EffectiveCounts(n, n, m, o, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        forms = _forms(counts)
        # As if each answer were a cluster: the totals of an answer are 1, its value, and both if it mentions.
        alone = np.einsum("jea,jab,jeb->je", forms, _answer_squares(counts), forms)
        between = np.einsum("jea,jab,jeb->je", forms, counts.squares, forms)
        between *= counts.n_units / (counts.n_units - 1.0) if counts.n_units > 1 else np.nan
        sizes = np.stack([n, n, m, o, n], axis=1)
        own = counts.squares[:, 0, 0], counts.squares[:, 2, 2]
        both = own[0] - 2.0 * counts.squares[:, 0, 2] + own[1]
        units = np.stack([n**2 / own[0], n**2 / own[0], m**2 / own[1], o**2 / both, n**2 / own[0]], axis=1)
        ratio = _t_quantile(sizes - 1.0, confidence_level) / _t_quantile(units - 1.0, confidence_level)
        effective = sizes * alone / between * sizes / (sizes - 1.0) * ratio**2
        found = np.where(between > 1e-12 * alone, np.minimum(effective, sizes), units)
        found = np.where(sizes > 0, np.where(np.isfinite(found), found, units), 0.0)
    return EffectiveCounts(*found.T)


def _forms(counts: ThemeCounts) -> FloatArray:
    """What the totals of a cluster (answers, net, mentions, net mentions) count for each estimate.

    Of shape (n_themes, 5, 4): score of all, share, scores with and without, impact.
    """
    everybody, inside = counts.everybody, counts.mentioning
    n, m = everybody.sum(), inside.sum(axis=1)
    o, score = n - m, (everybody[2] - everybody[0]) / n
    with_, without = _net(inside), _net(everybody - inside)
    zero, one = np.zeros_like(m), np.ones_like(m)
    all_ = np.stack([-score * one, one, zero, zero], axis=1) / n
    share = np.stack([-m / n, zero, one, zero], axis=1) / n
    mentioned = np.stack([zero, zero, -with_, one], axis=1) / m[:, None]
    others = np.stack([-without, one, without, -one], axis=1) / o[:, None]
    return np.stack([all_, share, mentioned, others, all_ - others], axis=1)


def _answer_squares(counts: ThemeCounts) -> FloatArray:
    net = np.array([-1.0, 0.0, 1.0])
    moments = np.stack([net**0, net, net**2])
    inside = counts.mentioning @ moments.T
    everybody = np.broadcast_to(moments @ counts.everybody, inside.shape)
    index = np.array([[0, 1], [1, 2]])
    return np.concatenate(
        [
            np.concatenate([everybody[:, index], inside[:, index]], axis=2),
            np.concatenate([inside[:, index], inside[:, index]], axis=2),
        ],
        axis=1,
    )


def _t_quantile(degrees_of_freedom: FloatArray, confidence_level: float) -> FloatArray:
    free = np.maximum(np.nan_to_num(degrees_of_freedom, nan=1.0), 1.0)
    return np.asarray(-stdtrit(free, 0.5 * (1.0 - confidence_level)), dtype=np.float64)


def impact_interval(
    inside: FloatArray, outside: FloatArray, thinned: FloatArray, confidence_level: float
) -> Bounded:
    """Impact and its bounds, as if only a part of the answers had been given."""
    m, n = inside.sum(axis=1), (inside + outside).sum(axis=1)
    own, others = _net_intervals((inside, outside), (m * thinned, (n - m) * thinned), confidence_level)
    share, share_low, share_high = _share_interval(m / n, n * thinned, confidence_level)
    with_, without = np.nan_to_num(own[0]), np.nan_to_num(others[0])
    low, high = mover_interval(
        np.stack([with_, without]), np.stack([own[1], others[1]]), np.stack([own[2], others[2]])
    )
    # Where nobody mentions it the difference has bounds and no estimate.
    nobody = m == 0
    difference = np.where(nobody, 0.0, with_ - without)
    low, high = np.where(nobody, -1.0 - others[2], low), np.where(nobody, 1.0 - others[1], high)
    above, below = share_high - share, share - share_low
    down = np.where(difference > 0, below, above) * difference
    up = np.where(difference > 0, above, below) * difference
    reach = np.sqrt(share**2 + above**2)
    impact = share * difference
    lower = impact - np.sqrt((reach * (difference - low)) ** 2 + down**2)
    upper = impact + np.sqrt((reach * (high - difference)) ** 2 + up**2)
    return impact, lower, upper


def _net(counts: FloatArray) -> FloatArray:
    """Share of promoters less share of detractors; NaN of nobody."""
    total = counts.sum(axis=-1)
    net = counts[..., 2] - counts[..., 0]
    return np.asarray(np.divide(net, total, out=np.full_like(net, np.nan), where=total > 0))


def _net_intervals(
    counts: Sequence[FloatArray], sizes: Sequence[FloatArray], confidence_level: float
) -> list[Bounded]:
    """Scores of groups of counts, with bounds as if `sizes` answers had been given in the same shares."""
    together = np.concatenate(counts)
    total = together.sum(axis=-1)
    factor = np.divide(np.concatenate(sizes), total, out=np.zeros_like(total), where=total > 0)
    promoters, detractors = together[:, 2] * factor, together[:, 0] * factor
    # One search for all: it takes as long for one group as for a hundred.
    lower, upper = tango_interval(promoters, detractors, total * factor, confidence_level=confidence_level)
    ends = np.cumsum([len(group) for group in counts])[:-1]
    return list(zip(*(np.split(values, ends) for values in (_net(together), lower, upper)), strict=True))


def _share_interval(share: FloatArray, size: FloatArray, confidence_level: float) -> Bounded:
    lower, upper = wilson_interval(share * size, size, confidence_level=confidence_level)
    return share, np.minimum(lower, share), np.maximum(upper, share)
