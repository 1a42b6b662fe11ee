"""Random chains of journeys, and counts of walks through them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from customer_centric.journey import JourneyChain

_SIGNALS = (None, "error", "price", "wait")


@st.composite
def chains(draw: st.DrawFn, *, stays: float = 0.95) -> JourneyChain:
    """Up to four touchpoints with a clean state or none, and up to three flagged ones each."""
    states = [
        (f"t{place}", signal)
        for place in range(draw(st.integers(1, 4)))
        for signal in draw(st.lists(st.sampled_from(_SIGNALS), min_size=1, max_size=4, unique=True))
    ]
    n = len(states)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = rng.dirichlet(np.full(n + 1, 0.5), size=n) * rng.uniform(0, stays, size=(n, 1))
    return JourneyChain(
        touchpoints=tuple(place for place, _ in states),
        signals=tuple(signal for _, signal in states),
        start=rng.dirichlet(np.ones(n)),
        moves=rows[:, :n],
        converts=rows[:, n],
    )


def walk(
    chain: JourneyChain, n_journeys: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Starts, moves, share that converted, and visits by state a journey, of journeys one after another."""
    n = len(chain.touchpoints)
    rows = np.column_stack([chain.moves, chain.converts])
    rows = np.column_stack([rows, np.maximum(1.0 - rows.sum(axis=1), 0.0)])
    rows /= rows.sum(axis=1, keepdims=True)
    start, moves, converted = np.zeros(n), np.zeros((n, n + 2)), 0
    for _ in range(n_journeys):
        state = int(rng.choice(n, p=chain.start))
        start[state] += 1
        while state < n:
            following = int(rng.choice(n + 2, p=rows[state]))
            moves[state, following] += 1
            state = following
        converted += state == n
    return start, moves, converted / n_journeys, moves.sum(axis=1) / n_journeys
