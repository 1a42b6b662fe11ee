"""Journeys with planted friction, whose cost is known because it can be switched off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from customer_centric._core.checks import check_choice, check_number
from customer_centric.errors import InvalidInputError
from customer_centric.simulate._journey_friction import draw_planted, play
from customer_centric.simulate._journey_log import Degraded, category, reached, write_log
from customer_centric.simulate._journey_paths import Cases, Paths, Shop, draw_paths
from customer_centric.simulate._plan import check_rng
from customer_centric.typing import BoolArray, FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Friction", "JourneyWorld", "SimulatedJourneys", "hotel_story", "simulate_journeys"]

FrictionKind: TypeAlias = Literal["error", "price_change", "wait", "unresolved", "negative_emotion"]
_KINDS: Final = ("error", "price_change", "wait", "unresolved", "negative_emotion")
_MS_A_DAY: Final = 86_400_000
_HIGHEST_RATE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Friction:
    """Friction planted at a touchpoint.

    Parameters
    ----------
    touchpoint : str
        Where it is met.
    kind : {"error", "price_change", "wait", "unresolved", "negative_emotion"}
        "error": the attempt fails, and who stays tries again at once. "price_change": the price has doubled,
        and stays so. "wait": the company takes thirty times as long as usual. "unresolved": the contact is
        closed without an answer. "negative_emotion": the customer rages, a signal of behaviour.
    rate : float
        Probability that a visit meets it, in [0, 0.95].
    loss : float
        Probability that it loses the customer at once, in [0, 1): the weight of the signal.
    contact : float, default 0
        Probability that a customer who stays turns to the company first.
    channel_factors : mapping from str to float
        What the rate is multiplied by in a channel; 1 where a channel is not named.
    incident_rate : float, optional
        Rate of journeys that start on the days of the incident; the same as ever by default.
    motivated_rate : float, optional
        Rate of motivated customers. Where it differs from `rate`, the signal is confounded: it is shown by
        those who convert anyway.
    """

    touchpoint: str
    kind: FrictionKind
    rate: float
    loss: float
    contact: float = 0.0
    channel_factors: Mapping[str, float] = field(default_factory=dict[str, float])
    incident_rate: float | None = None
    motivated_rate: float | None = None


def _default_frictions() -> tuple[Friction, ...]:
    return (
        Friction(
            touchpoint="payment",
            kind="error",
            rate=0.12,
            loss=0.35,
            contact=0.10,
            channel_factors={"app": 1.5},
            incident_rate=0.35,
        ),
        Friction(touchpoint="payment", kind="price_change", rate=0.06, loss=0.50, contact=0.15),
        Friction(touchpoint="details", kind="error", rate=0.05, loss=0.15),
        Friction(touchpoint="support", kind="unresolved", rate=0.30, loss=0.45),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyWorld:
    """A shop, its customers, and the friction in it.

    Parameters
    ----------
    leave : mapping from str to float
        The steps in order, and the probability in (0, 1) that an ordinary visit to each, without friction,
        is the customer's last.
    goal, contact : str
        Touchpoints of the conversion, and of the company's service.
    contact_leave : float
        Probability that a contact, resolved, is the customer's last visit.
    contact_rate, back : float
        Probability that a customer who stays turns to the company, and that he goes back a step. Together
        less than 1; all others go on to the next step.
    channels : mapping from str to (float, float)
        Share of the journeys in each channel, and what the odds to leave are multiplied by there.
    customer_sd : float
        Standard deviation, over customers, of the logarithm of the odds to leave.
    journeys_per_customer : float
        Journeys of a customer on average, 1 or more.
    motivated_share : float
        Share of motivated customers.
    motivated_factor : float
        What their odds to leave are multiplied by.
    frictions : tuple of Friction
        What is planted; at most one of a kind at a touchpoint.
    mean_price : float
        Typical price of an item, in money.
    quoted_from : str
        The step from which on prices are shown. Prices can change after it only.
    start : str
        First day.
    days : int
        Days on which journeys start.
    incident_days : tuple of (int, int)
        The incident: from the first of these days after `start` up to, and without, the second.
    """

    leave: Mapping[str, float] = field(
        default_factory=lambda: {
            "landing": 0.12,
            "catalogue": 0.08,
            "product": 0.10,
            "cart": 0.08,
            "details": 0.05,
            "payment": 0.04,
        }
    )
    goal: str = "purchase"
    contact: str = "support"
    contact_leave: float = 0.10
    contact_rate: float = 0.02
    back: float = 0.10
    channels: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: {"web": (0.6, 1.0), "app": (0.4, 1.3)}
    )
    customer_sd: float = 0.5
    journeys_per_customer: float = 1.5
    motivated_share: float = 0.0
    motivated_factor: float = 0.05
    frictions: tuple[Friction, ...] = field(default_factory=_default_frictions)
    mean_price: float = 120.0
    quoted_from: str = "product"
    start: str = "2026-01-05"
    days: int = 90
    incident_days: tuple[int, int] = (40, 50)

    @classmethod
    def confounded(cls) -> Self:
        """A world in which rage is a sign of those who want to buy: it costs sales, and seems to make them.

        Half of the customers are motivated: about 95 of 100 of them convert, and 45 of the others. They rage
        at 30 of 100 product pages, the others at 5. Rage loses 15 of 100.
        """
        return cls(
            contact_rate=0.0,
            back=0.0,
            customer_sd=0.0,
            channels={"web": (1.0, 1.0)},
            leave=dict.fromkeys(("landing", "catalogue", "product", "cart", "details", "payment"), 0.123),
            motivated_share=0.5,
            motivated_factor=0.06,
            frictions=(
                Friction(
                    touchpoint="product", kind="negative_emotion", rate=0.05, motivated_rate=0.30, loss=0.15
                ),
            ),
        )

    @property
    def touchpoints(self) -> tuple[str, ...]:
        """The steps, the goal and the contact."""
        return (*self.leave, self.goal, self.contact)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedJourneys:
    """The log of a world, and the truth about it.

    Parameters
    ----------
    log : pandas.DataFrame
        One row an event, by journey and in order: `case_id`, `customer_id`, `touchpoint`, `timestamp`,
        `order`, `channel`, `actor`, `outcome`, `item`, `price`, `amount`, `emotion`, `intent`, `value`.
    journeys : pandas.DataFrame
        One row a journey: `case_id`, `customer_id`, `channel`, `start`, `motivated`, `converted`, `value`.
    end : pandas.Timestamp
        A day after the last event: whoever has not converted by then never will.
    lost : int
        Conversions that friction cost: those of the same journeys with all of it switched off, less those
        that took place. The draws are the same in both.
    fix_gain : mapping from str to int
        Conversions gained if the friction of one touchpoint alone were switched off.
    world : JourneyWorld
        What was asked for.
    """

    log: pd.DataFrame
    journeys: pd.DataFrame
    end: pd.Timestamp
    lost: int
    fix_gain: Mapping[str, int]
    world: JourneyWorld


def simulate_journeys(
    n_journeys: int,
    *,
    rng: np.random.Generator,
    world: JourneyWorld | None = None,
    counterfactual: Literal["all"] | Collection[str] = (),
    cut_after: tuple[int, int] | None = None,
    noise: float | None = None,
) -> SimulatedJourneys:
    r"""Journeys through a shop with planted friction, together with what that friction costs.

    Parameters
    ----------
    n_journeys : int
        Journeys, 1 or more.
    rng : numpy.random.Generator
        Where the draws come from. The same generator gives the same journeys, whatever is switched off.
    world : JourneyWorld, optional
        The shop; a web shop with errors, changing prices and a call centre by default.
    counterfactual : "all" or collection of str, default ()
        Touchpoints whose friction is switched off.
    cut_after : (int, int), optional
        Each journey ends after a number of events drawn from this range, both ends included: sessions that
        are cut. Nothing is cut by default.
    noise : float, optional
        If given, an error is not the outcome of its visit but an event of its own behind it, and with this
        probability a noise event comes between the two. With `cut_after` such errors get lost.

    Returns
    -------
    SimulatedJourneys
        The log, the journeys, and the truth.

    Raises
    ------
    InvalidInputError
        If a number is out of its range, a name unknown, or `rng` is not a generator.

    Notes
    -----
    A journey is first drawn without friction: at each visit the customer leaves, with odds that depend on the
    step, the channel and the customer, or turns to the company, goes back, or goes on. Then friction is laid
    over it. Whether a visit meets friction depends on the touchpoint, the channel and the day the journey
    starts only, and not on who the customer is, unless there is a `motivated_rate`. Friction loses the
    customer at once with probability `loss`; otherwise the journey goes on as it would have, after a second
    try where there was an error.

    Examples
    --------
    >>> world = simulate_journeys(2000, rng=np.random.default_rng(1))
    >>> len(world.log), int(world.journeys["converted"].sum()), world.lost
    (11348, 890, 113)
    >>> without = simulate_journeys(2000, rng=np.random.default_rng(1), counterfactual="all")
    >>> int(without.journeys["converted"].sum())
    1003
    """
    import pandas as pd

    check_rng(rng)
    n = int(check_number("n_journeys", n_journeys, minimum=1.0, whole=True))
    plan = JourneyWorld() if world is None else world
    shop = _shop_of(plan)
    off = _switched_off(plan, shop, counterfactual)
    cases = _draw_cases(plan, n, rng)
    paths = draw_paths(shop, cases.restless, rng)
    frictions = [
        (f.kind, shop.names.index(f.touchpoint), f.loss, f.contact, _rate_of(plan, f, cases))
        for f in plan.frictions
    ]
    planted, calls = draw_planted(paths, frictions, rng)
    degraded = _degrade(paths, cut_after, noise, rng)

    def converts(switched_off: Collection[int]) -> BoolArray:
        return reached(shop, paths, play(shop, paths, planted, calls, switched_off), degraded)

    played = play(shop, paths, planted, calls, off)
    converted = reached(shop, paths, played, degraded)
    n_converted = int(converted.sum())
    prices = plan.mean_price * np.exp(0.4 * rng.standard_normal(20))
    log = write_log(
        shop,
        paths,
        played,
        cases,
        degraded=degraded,
        prices=(np.round(prices, 2), shop.names.index(plan.quoted_from)),
        waits_at=frozenset(one.touchpoint for one in planted if one.kind == "wait"),
        channels=tuple(plan.channels),
        origin=plan.start,
        rng=rng,
    )
    rough = sorted({one.touchpoint for one in planted})
    return SimulatedJourneys(
        log=log,
        journeys=_journeys_of(plan, cases, converted),
        end=log["timestamp"].max() + pd.Timedelta(days=1),
        lost=int(converts(range(len(shop.names))).sum()) - n_converted,
        fix_gain={shop.names[place]: int(converts({*off, place}).sum()) - n_converted for place in rough},
        world=plan,
    )


def _journeys_of(world: JourneyWorld, cases: Cases, converted: BoolArray) -> pd.DataFrame:
    """One row a journey."""
    import pandas as pd

    return pd.DataFrame(
        {
            "case_id": np.arange(converted.size),
            "customer_id": cases.customer,
            "channel": category(cases.channel, tuple(world.channels)),
            "start": np.datetime64(world.start, "ms") + cases.start.astype("timedelta64[ms]"),
            "motivated": cases.motivated,
            "converted": converted,
            "value": cases.value,
        }
    )


def _shop_of(world: JourneyWorld) -> Shop:
    """The world as arrays, checked."""
    names = world.touchpoints
    if len(set(names)) < len(names) or len(world.leave) < 1:
        raise InvalidInputError(f"`world` must have touchpoints of different names, got {names}")
    leave = [
        check_number("leave", p, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
        for p in (*world.leave.values(), world.contact_leave)
    ]
    check_number("contact_rate", world.contact_rate, minimum=0.0)
    check_number("back", world.back, minimum=0.0)
    check_number("contact_rate + back", world.contact_rate + world.back, maximum=1.0, open_maximum=True)
    for name in ("customer_sd", "motivated_factor", "mean_price"):
        check_number(name, getattr(world, name), minimum=0.0)
    check_number("motivated_share", world.motivated_share, minimum=0.0, maximum=1.0)
    check_number("journeys_per_customer", world.journeys_per_customer, minimum=1.0)
    check_number("days", world.days, minimum=1.0, whole=True)
    check_choice("quoted_from", world.quoted_from, tuple(world.leave))
    first = check_number("incident_days", world.incident_days[0], minimum=0.0)
    check_number("incident_days", world.incident_days[1], minimum=first)
    try:
        np.datetime64(world.start, "ms")
    except ValueError:
        raise InvalidInputError(f"`start` must be a day such as '2026-01-05', got {world.start!r}") from None
    if not world.channels or not any(share for share, _ in world.channels.values()):
        raise InvalidInputError("`channels` must have at least one with a positive share, got none")
    for share, factor in world.channels.values():
        check_number("channels", share, minimum=0.0)
        check_number("channels", factor, minimum=0.0)
    _check_frictions(world)
    return Shop(
        names=names,
        n_steps=len(world.leave),
        # Nobody leaves the goal for another reason than having reached it.
        leave=np.array([*leave[:-1], 0.0, leave[-1]]),
        back=world.back,
        contact_rate=world.contact_rate,
    )


def _check_frictions(world: JourneyWorld) -> None:
    seen: set[tuple[str, str]] = set()
    for friction in world.frictions:
        _check_friction(friction, world)
        if (friction.touchpoint, friction.kind) in seen:
            raise InvalidInputError(
                f"`frictions` must have at most one of a kind at a touchpoint, got two of "
                f"{friction.kind!r} at {friction.touchpoint!r}"
            )
        seen.add((friction.touchpoint, friction.kind))


def _check_friction(friction: Friction, world: JourneyWorld) -> None:
    check_choice("kind", friction.kind, _KINDS)
    at_contact = friction.kind == "unresolved"
    check_choice("touchpoint", friction.touchpoint, (world.contact,) if at_contact else tuple(world.leave))
    check_number("loss", friction.loss, minimum=0.0, maximum=1.0, open_maximum=True)
    check_number("contact", friction.contact, minimum=0.0, maximum=1.0)
    if at_contact and (friction.contact or friction.channel_factors):
        raise InvalidInputError(
            "`contact` and `channel_factors` must not be given for contacts that stay unresolved: they are "
            "contacts already, and all in one channel"
        )
    unknown = [name for name in friction.channel_factors if name not in world.channels]
    if unknown:
        raise InvalidInputError(f"`channel_factors` must name channels of the world, got {unknown[0]!r}")
    factors = [check_number("channel_factors", f, minimum=0.0) for f in friction.channel_factors.values()]
    for rate in (friction.rate, friction.incident_rate, friction.motivated_rate):
        if rate is not None:
            highest = check_number("rate", rate, minimum=0.0) * max([1.0, *factors])
            check_number(
                "rate", highest, maximum=_HIGHEST_RATE, remedy="in the channel with the highest rate"
            )
    steps = list(world.leave)
    if friction.kind == "price_change" and steps.index(friction.touchpoint) <= steps.index(world.quoted_from):
        raise InvalidInputError(
            f"`touchpoint` of a price change must come after {world.quoted_from!r}, where prices are first "
            f"seen, got {friction.touchpoint!r}"
        )


def _switched_off(
    world: JourneyWorld, shop: Shop, counterfactual: Literal["all"] | Collection[str]
) -> frozenset[int]:
    if isinstance(counterfactual, str):
        check_choice("counterfactual", counterfactual, ("all",))
        return frozenset(range(len(shop.names)))
    for name in counterfactual:
        check_choice("counterfactual", name, world.touchpoints)
    return frozenset(shop.names.index(name) for name in counterfactual)


def _draw_cases(world: JourneyWorld, n: int, rng: np.random.Generator) -> Cases:
    n_customers = max(int(np.rint(n / world.journeys_per_customer)), 1)
    alone = n_customers == n
    customer = np.arange(n) if alone else rng.integers(n_customers, size=n)
    shift = np.exp(world.customer_sd * rng.standard_normal(n_customers))
    motivated = rng.random(n_customers) < world.motivated_share
    shares = np.array([share for share, _ in world.channels.values()])
    channel = rng.choice(shares.size, size=n, p=shares / shares.sum()).astype(np.int8)
    start = rng.integers(world.days * _MS_A_DAY, size=n)
    # The first journey opens the log, so that days count from there.
    start -= start.min()
    factor = np.array([factor for _, factor in world.channels.values()])[channel]
    restless = shift[customer] * factor * np.where(motivated[customer], world.motivated_factor, 1.0)
    return Cases(
        customer=customer.astype(np.int64),
        channel=channel,
        motivated=motivated[customer],
        start=start.astype(np.int64),
        value=np.round(0.3 * world.mean_price * np.exp(0.5 * rng.standard_normal(n_customers))[customer], 2),
        restless=restless,
    )


def _rate_of(world: JourneyWorld, friction: Friction, cases: Cases) -> Callable[[NDArray[Any]], FloatArray]:
    """Rate of a friction by journey: by the channel, the day and, if confounded, the customer."""
    low, high = (day * _MS_A_DAY for day in world.incident_days)
    rate = np.full(cases.start.size, friction.rate)
    if friction.motivated_rate is not None:
        rate[cases.motivated] = friction.motivated_rate
    if friction.incident_rate is not None:
        rate[(cases.start >= low) & (cases.start < high)] = friction.incident_rate
    factors = [friction.channel_factors.get(name, 1.0) for name in world.channels]
    rate *= np.array(factors)[cases.channel]

    def of_journeys(journey: NDArray[Any]) -> FloatArray:
        return np.asarray(rate[journey])

    return of_journeys


def _degrade(
    paths: Paths, cut_after: tuple[int, int] | None, noise: float | None, rng: np.random.Generator
) -> Degraded:
    events = late = None
    if cut_after is not None:
        first = int(check_number("cut_after", cut_after[0], minimum=1.0, whole=True))
        last = int(check_number("cut_after", cut_after[1], minimum=first, whole=True))
        events = rng.integers(first, last + 1, size=paths.begin.size - 1)
    if noise is not None:
        late = rng.random(paths.touchpoint.size) < check_number("noise", noise, minimum=0.0, maximum=1.0)
    return Degraded(events=events, late=late)


def hotel_story() -> pd.DataFrame:
    """One journey in nine events, as a customer told it: an error, a doubled price, and a call centre.

    Returns
    -------
    pandas.DataFrame
        The log of a booking that was not made; columns as those of `simulate_journeys`, without `value`.

    Notes
    -----
    The goal, "stay", is never reached, and the contact is the "call_centre". The room cost 120 when it was
    put into the cart. The card was refused once, and 40 seconds later the room cost 240. The call centre
    asked for documents three times and resolved nothing.

    Examples
    --------
    >>> story = hotel_story()
    >>> story[["touchpoint", "outcome", "price"]].head(4)
       touchpoint outcome  price
    0        cart      ok  120.0
    1  card_entry   error  120.0
    2  card_entry      ok  120.0
    3     payment      ok  240.0
    """
    import pandas as pd

    rows = [
        ("10:00:00", "cart", "web", "customer", "ok", 120.0, np.nan, np.nan, None),
        ("10:00:20", "card_entry", "web", "customer", "error", 120.0, np.nan, np.nan, None),
        ("10:01:00", "card_entry", "web", "customer", "ok", 120.0, np.nan, np.nan, None),
        ("10:01:20", "payment", "web", "customer", "ok", 240.0, 240.0, np.nan, None),
        ("10:10:00", "call_centre", "phone", "customer", "pending", np.nan, np.nan, -0.8, "complaint"),
        *(
            (at, "call_centre", "phone", "company", "pending", np.nan, np.nan, np.nan, "info_request")
            for at in ("10:12:00", "10:15:00", "10:18:00")
        ),
        ("10:25:00", "call_centre", "phone", "company", "unresolved", np.nan, np.nan, np.nan, None),
    ]
    names = ["at", "touchpoint", "channel", "actor", "outcome", "price", "amount", "emotion", "intent"]
    story = pd.DataFrame(rows, columns=names)
    return pd.DataFrame(
        {
            "case_id": "booking",
            "customer_id": "guest",
            "touchpoint": story["touchpoint"],
            "timestamp": pd.to_datetime("2026-03-02 " + story["at"]),
            "order": np.arange(len(story)),
            "channel": story["channel"],
            "actor": story["actor"],
            "outcome": story["outcome"],
            "item": ["room" if known else None for known in story["price"].notna()],
            "price": story["price"],
            "amount": story["amount"],
            "emotion": story["emotion"],
            "intent": story["intent"],
        }
    )
