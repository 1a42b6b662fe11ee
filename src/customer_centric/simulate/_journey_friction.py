"""Friction laid over journeys: drawn once, so that it can be switched off while everything else stays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from customer_centric.simulate._journey_paths import Paths, Shop
from customer_centric.typing import BoolArray, FloatArray, IntArray

FINAL_KINDS: Final = ("price_change", "wait", "unresolved", "negative_emotion")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Planted:
    """One friction at one touchpoint, with the uniform draws that decide it."""

    kind: str
    touchpoint: int
    loss: float
    contact: float
    visits: IntArray
    rate: FloatArray
    happens: FloatArray
    loses: FloatArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Calls:
    """The draws of contacts that friction may cause: before the visit comes to its end, and after it."""

    visits: IntArray
    calls: FloatArray
    unresolved: FloatArray
    loses: FloatArray
    rate: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What happens at each visit of the path.

    `errors` are failed attempts before the visit succeeds; `call_before` and `call_after` say whether the
    customer turns to the company (1), and is sent away without an answer (2). `leaves` says where it ends:
    0 nowhere, 1 at an error, 2 at the call before, 3 at the visit, 4 at the call after.
    """

    errors: NDArray[Any]
    call_before: NDArray[Any]
    call_after: NDArray[Any]
    leaves: NDArray[Any]
    flags: dict[str, BoolArray] = field(default_factory=dict)

    def kept(self, paths: Paths) -> BoolArray:
        """The visits that still take place: all up to the one at which the customer leaves."""
        gone = np.cumsum(self.leaves > 0, dtype=np.int64)
        before = gone - (self.leaves > 0)
        return np.asarray(before == before[paths.begin[:-1]][paths.journey])


def draw_planted(
    paths: Paths,
    frictions: Sequence[tuple[str, int, float, float, Callable[[NDArray[Any]], FloatArray]]],
    rng: np.random.Generator,
) -> tuple[list[Planted], dict[int, tuple[Calls, Calls]]]:
    """The draws of every friction, whether it is switched on or not."""
    planted: list[Planted] = []
    calls: dict[int, tuple[Calls, Calls]] = {}
    rate_of_wall = next((f[4] for f in frictions if f[0] == "unresolved"), None)
    for kind, place, loss, contact, rate in frictions:
        visits = np.flatnonzero(paths.touchpoint == place)
        planted.append(
            Planted(
                kind=kind,
                touchpoint=place,
                loss=loss,
                contact=contact,
                visits=visits,
                rate=rate(paths.journey[visits]),
                happens=rng.random(visits.size),
                loses=rng.random(visits.size),
            )
        )
        if contact > 0 and place not in calls:
            wall = np.zeros(1) if rate_of_wall is None else rate_of_wall(paths.journey[visits])
            before, after = (
                Calls(
                    visits=visits,
                    calls=rng.random(visits.size),
                    unresolved=rng.random(visits.size),
                    loses=rng.random(visits.size),
                    rate=np.broadcast_to(wall, visits.shape),
                )
                for _ in range(2)
            )
            calls[place] = (before, after)
    return planted, calls


def play(
    shop: Shop,
    paths: Paths,
    planted: Sequence[Planted],
    calls: dict[int, tuple[Calls, Calls]],
    off: Collection[int],
) -> Played:
    """What happens when friction is switched off at some touchpoints."""
    n = paths.touchpoint.size
    played = Played(
        errors=np.zeros(n, dtype=np.int16),
        call_before=np.zeros(n, dtype=np.int8),
        call_after=np.zeros(n, dtype=np.int8),
        leaves=np.zeros(n, dtype=np.int8),
        flags={kind: np.zeros(n, dtype=np.bool_) for kind in FINAL_KINDS},
    )
    switched_on = [one for one in planted if one.touchpoint not in off]
    wall = None
    if shop.contact not in off:
        wall = next((one for one in planted if one.kind == "unresolved"), None)
    for one in switched_on:
        if one.kind != "error":
            played.flags[one.kind][one.visits[one.happens < one.rate]] = True
    finals = [one for one in switched_on if one.kind != "error"]
    errors = [one for one in switched_on if one.kind == "error"]
    _once_a_journey(played.flags["price_change"], paths)
    # Later causes of leaving first, so that earlier ones overwrite them.
    for place, (_, after) in calls.items():
        q = _contact_rates(finals, place, played, errors=False)
        _call(played.call_after, played.leaves, 4, after, q, wall)
    for one in finals:
        hit = played.flags[one.kind][one.visits] & (one.loses < one.loss)
        played.leaves[one.visits[hit]] = 3
    for one in errors:
        _fail(one, played)
    for place, (before, _) in calls.items():
        q = _contact_rates(errors, place, played, errors=True)
        _call(played.call_before, played.leaves, 2, before, q, wall)
    for one in errors:
        _lose_at_error(one, played)
    return played


def _once_a_journey(changed: BoolArray, paths: Paths) -> None:
    """A price that has gone up stays up: only the first rise of a journey is one."""
    at = np.flatnonzero(changed)
    journey = paths.journey[at]
    changed[at[1:][journey[1:] == journey[:-1]]] = False


def _attempts(one: Planted) -> tuple[FloatArray, FloatArray]:
    """Errors in a row at each visit, and the one at which the customer would give up."""
    with np.errstate(divide="ignore"):
        failed = np.floor(np.log(one.happens) / np.log(one.rate))
        last = 1.0 + np.floor(np.log(one.loses) / np.log1p(-one.loss)) if one.loss > 0 else np.inf
    return np.where(one.rate > 0, failed, 0.0), np.broadcast_to(np.asarray(last), one.visits.shape)


def _fail(one: Planted, played: Played) -> None:
    failed, last = _attempts(one)
    played.errors[one.visits] += np.minimum(failed, last).astype(np.int16)


def _lose_at_error(one: Planted, played: Played) -> None:
    failed, last = _attempts(one)
    lost = one.visits[last <= failed]
    played.leaves[lost] = 1
    played.call_before[lost] = 0
    for flag in played.flags.values():
        flag[lost] = False


def _contact_rates(frictions: Sequence[Planted], place: int, played: Played, *, errors: bool) -> FloatArray:
    """Probability of a contact at each visit to a touchpoint: one less that of none."""
    quiet = np.ones(1)
    for one in frictions:
        if one.touchpoint == place:
            hit = played.errors[one.visits] > 0 if errors else played.flags[one.kind][one.visits]
            quiet = quiet * np.where(hit, 1.0 - one.contact, 1.0)
    return 1.0 - quiet


def _call(
    state: NDArray[Any], leaves: NDArray[Any], code: int, draws: Calls, rate: FloatArray, wall: Planted | None
) -> None:
    calls = draws.calls < rate
    state[draws.visits[calls]] = 1
    if wall is not None:
        sent_away = calls & (draws.unresolved < draws.rate)
        state[draws.visits[sent_away]] = 2
        leaves[draws.visits[sent_away & (draws.loses < wall.loss)]] = code
