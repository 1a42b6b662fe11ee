"""What was planted in simulated journeys is found, and costs what switching it off brings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from customer_centric.errors import InvalidInputError
from customer_centric.simulate import (
    Friction,
    JourneyWorld,
    SimulatedJourneys,
    hotel_story,
    simulate_journeys,
)

COLUMNS = [
    *("case_id", "customer_id", "touchpoint", "timestamp", "order", "channel", "actor", "outcome"),
    *("item", "price", "amount", "emotion", "intent", "value"),
]


def simulate(n: int, seed: int = 1, **options: Any) -> SimulatedJourneys:
    return simulate_journeys(n, rng=np.random.default_rng(seed), **options)


@pytest.fixture(scope="module")
def large() -> SimulatedJourneys:
    return simulate(60_000)


def visits(found: SimulatedJourneys, touchpoint: str) -> pd.DataFrame:
    log = found.log[found.log["touchpoint"] == touchpoint]
    return log.merge(found.journeys[["case_id", "start"]], on="case_id")


def test_friction_meets_visits_at_the_planted_rates(large: SimulatedJourneys) -> None:
    """By channel and day of the start, whatever happened before: errors, doubled prices, walls."""
    paid = visits(large, "payment")
    day = (paid["start"] - pd.Timestamp("2026-01-05")).dt.days
    incident = (day >= 40) & (day < 50)
    failed = paid["outcome"] == "error"
    for channel, factor in (("web", 1.0), ("app", 1.5)):
        there = paid["channel"] == channel
        assert failed[there & ~incident].mean() == pytest.approx(0.12 * factor, abs=0.012)
        assert failed[there & incident].mean() == pytest.approx(0.35 * factor, abs=0.04)
    first = large.log.dropna(subset="price").groupby("case_id")["price"].first()
    raised = paid["price"] > 1.5 * paid["case_id"].map(first)
    once = raised & ~raised.groupby(paid["case_id"]).cumsum().gt(1)
    at_risk = ~failed & ~(raised & ~once)
    assert once[at_risk].mean() == pytest.approx(0.06, abs=0.006)
    assert (visits(large, "support")["outcome"] == "unresolved").mean() == pytest.approx(0.30, abs=0.02)


def test_an_error_loses_its_weight_and_others_try_again_at_once_or_call(large: SimulatedJourneys) -> None:
    log = large.log.assign(
        following=large.log.groupby("case_id")["touchpoint"].shift(-1).astype(object).fillna("left")
    )
    failed = log[(log["outcome"] == "error") & (log["touchpoint"] == "payment")]
    shares = failed["following"].value_counts(normalize=True)
    assert shares["left"] == pytest.approx(0.35, abs=0.02)
    assert set(shares.index) == {"left", "payment", "support"}
    details = log[(log["outcome"] == "error") & (log["touchpoint"] == "details")]
    assert details["following"].value_counts(normalize=True).to_dict() == pytest.approx(
        {"details": 0.85, "left": 0.15}, abs=0.02
    )


@pytest.mark.parametrize("off", ["all", ["payment"], ["support"], ["details", "support"]])
def test_the_truth_is_the_same_world_with_friction_switched_off(off: Any) -> None:
    """Same journeys, same draws: what is gained is what the truth says, and nothing of the kind is left."""
    actual, without = simulate(3000), simulate(3000, counterfactual=off)
    gained = without.journeys["converted"].sum() - actual.journeys["converted"].sum()
    if off == "all":
        assert (gained, without.lost) == (actual.lost, 0)
        assert (without.log["outcome"] == "ok").all()
        return
    if len(off) == 1:
        assert gained == actual.fix_gain[off[0]]
    at = without.log["touchpoint"].isin(off)
    assert (without.log.loc[at, "outcome"] == "ok").all()
    assert without.lost == actual.lost - gained
    assert (without.journeys["converted"] >= actual.journeys["converted"]).all()


def test_journeys_that_meet_no_friction_are_the_same_in_both_worlds() -> None:
    actual, without = simulate(500), simulate(500, counterfactual="all")
    met = actual.log.groupby("case_id")["outcome"].agg(lambda o: (o != "ok").any())
    dearer = actual.log.groupby("case_id")["price"].agg(lambda p: p.max() > 1.5 * p.min())
    clean = met.index[~met & ~dearer]
    for log in (actual.log, without.log):
        assert log["case_id"].isin(clean).sum() > 1000
    names = [
        log[log["case_id"].isin(clean)].groupby("case_id")["touchpoint"].agg(list)
        for log in (actual.log, without.log)
    ]
    pd.testing.assert_series_equal(*names)


def test_the_log_is_canonical(large: SimulatedJourneys) -> None:
    """Columns, order, moments that ascend, a charge at each purchase, several journeys of a customer."""
    log = large.log
    assert list(log.columns) == COLUMNS
    assert (log["order"] == log.groupby("case_id").cumcount()).all()
    step = log["timestamp"].diff()
    assert (step[log["order"] > 0] >= pd.Timedelta(seconds=1)).all()
    bought = log["touchpoint"] == "purchase"
    assert (log["amount"].notna() == bought).all()
    assert large.journeys.loc[large.journeys["converted"], "case_id"].isin(log.loc[bought, "case_id"]).all()
    assert bought.sum() == large.journeys["converted"].sum()
    assert large.journeys["customer_id"].value_counts().mean() == pytest.approx(
        1.5 / (1 - np.exp(-1.5)), rel=0.02
    )
    assert (log.loc[log["touchpoint"] == "support", "channel"] == "phone").all()
    assert large.end > log["timestamp"].max()
    pd.testing.assert_frame_equal(simulate(300).log, simulate(300).log)


def test_rage_is_a_sign_of_those_who_convert_anyway() -> None:
    """It loses conversions, and those who show it convert more often than those who do not."""
    found = simulate(20_000, world=JourneyWorld.confounded())
    raged = found.log.groupby("case_id")["emotion"].min() < 0
    at_product = found.log.loc[found.log["touchpoint"] == "product", "case_id"]
    shown = (
        found.journeys.loc[at_product.unique()].groupby("motivated")["case_id"].agg(lambda c: raged[c].mean())
    )
    assert shown.to_dict() == pytest.approx({False: 0.05, True: 0.30}, abs=0.01)
    converted = found.journeys["converted"]
    assert converted[raged].mean() > converted[~raged].mean() + 0.1
    # 0.5 (0.95 * 0.30 + 0.45 * 0.05) * 0.15, about.
    assert found.lost / 20_000 == pytest.approx(0.0231, abs=0.003)
    calm = simulate(20_000, world=JourneyWorld.confounded(), counterfactual="all").journeys
    assert calm.groupby("motivated")["converted"].mean().to_dict() == pytest.approx(
        {False: 0.45, True: 0.95}, abs=0.015
    )


def test_waits_are_company_events_thirty_times_as_late() -> None:
    world = JourneyWorld(frictions=(Friction(touchpoint="details", kind="wait", rate=0.2, loss=0.3),))
    found = simulate(3000, world=world)
    log = found.log
    answers = log["actor"] == "company"
    assert (log.loc[answers, "touchpoint"] == "details").all()
    assert (log["outcome"].shift()[answers] == "pending").all()
    seconds = log["timestamp"].diff()[answers].dt.total_seconds()
    late = seconds > 15
    assert late.mean() == pytest.approx(0.2, abs=0.03)
    assert seconds[~late].median() == pytest.approx(2.0, abs=0.1)
    following = log["case_id"].shift(-1)[answers] == log["case_id"][answers]
    assert following[~late].mean() - following[late].mean() == pytest.approx(0.3, abs=0.06)


def test_cut_sessions_and_late_markers_lose_flags() -> None:
    """Errors are events of their own behind the visit, with noise in between; the log stops early."""
    found = simulate(5000, cut_after=(4, 21), noise=0.06)
    log = found.log
    assert log.groupby("case_id").size().max() <= 21
    marker = (log["outcome"] == "error") & (log["order"] > 0)
    before = log["touchpoint"].shift()[marker].astype(object)
    assert (before == "notification").mean() == pytest.approx(0.06, abs=0.02)
    assert log.loc[log["touchpoint"] == "notification", "outcome"].isna().all()
    assert log.loc[log["touchpoint"] == "purchase", "case_id"].nunique() == found.journeys["converted"].sum()
    without = simulate(5000, cut_after=(4, 21), noise=0.06, counterfactual="all")
    gained = without.journeys["converted"].sum() - found.journeys["converted"].sum()
    assert gained == found.lost


def test_the_smallest_world_has_one_journey_and_no_friction() -> None:
    found = simulate(1, world=JourneyWorld(frictions=()))
    assert (found.lost, dict(found.fix_gain), found.log["case_id"].nunique()) == (0, {}, 1)


def test_the_hotel_story_has_nine_events() -> None:
    story = hotel_story()
    assert list(story.columns) == COLUMNS[:-1]
    assert story["touchpoint"].value_counts().to_dict() == {
        "call_centre": 5,
        "card_entry": 2,
        "cart": 1,
        "payment": 1,
    }
    assert story["amount"].sum() == 240.0
    assert (story["intent"] == "info_request").sum() == 3
    assert story["timestamp"].is_monotonic_increasing
    assert (story["timestamp"].iloc[-1] - story["timestamp"].iloc[0]) == pd.Timedelta(minutes=25)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_journeys": 0}, "`n_journeys` must be a whole number at least 1, got 0"),
        ({"rng": None}, "`rng` must be a NumPy random generator, got None"),
        ({"counterfactual": "payment"}, "`counterfactual` must be one of 'all', got 'payment'"),
        ({"counterfactual": ["till"]}, "`counterfactual` must be one of 'landing', .*, got 'till'"),
        ({"cut_after": (5, 4)}, "`cut_after` must be .* at least 5, got 4"),
        ({"noise": 1.5}, "`noise` must be .* at most 1, got 1.5"),
    ],
)
def test_what_cannot_be_simulated_is_refused(options: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"n_journeys": 5, "rng": np.random.default_rng(1)} | options
    with pytest.raises(InvalidInputError, match=message):
        simulate_journeys(arguments.pop("n_journeys"), **arguments)


def friction(**options: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"touchpoint": "payment", "kind": "error", "rate": 0.1, "loss": 0.1}
    return {"frictions": (Friction(**(plain | options)),)}


@pytest.mark.parametrize(
    ("world", "message"),
    [
        ({"goal": "cart"}, "`world` must have touchpoints of different names"),
        ({"leave": {"product": 1.0}}, "`leave` must be .* less than 1, got 1"),
        ({"back": 0.7, "contact_rate": 0.4}, r"`contact_rate \+ back` must be .* less than 1, got 1.1"),
        ({"incident_days": (50, 40)}, "`incident_days` must be .* at least 50, got 40"),
        ({"start": "Monday"}, "`start` must be a day such as '2026-01-05', got 'Monday'"),
        ({"channels": {}}, "`channels` must have at least one with a positive share, got none"),
        ({"quoted_from": "till"}, "`quoted_from` must be one of"),
        (friction(kind="rage"), "`kind` must be one of 'error'"),
        (friction(touchpoint="purchase"), "`touchpoint` must be one of 'landing'"),
        (friction(kind="unresolved"), "`touchpoint` must be one of 'support', got 'payment'"),
        (friction(rate=0.99), "`rate` must be .* at most 0.95, got 0.99"),
        (friction(channel_factors={"app": 9.6}), "`rate` must be .* at most 0.95, got 0.96"),
        (
            friction(channel_factors={"fax": 1.0}),
            "`channel_factors` must name channels of the world, got 'fax'",
        ),
        (friction(loss=1.0), "`loss` must be .* less than 1, got 1"),
        (
            friction(kind="price_change", touchpoint="product"),
            "`touchpoint` of a price change must come after",
        ),
        (
            friction(kind="unresolved", touchpoint="support", contact=0.1),
            "`contact` and `channel_factors` must not be given for contacts",
        ),
        (
            {"frictions": friction()["frictions"] * 2},
            "`frictions` must have at most one of a kind at a touchpoint, got two of 'error' at 'payment'",
        ),
    ],
)
def test_a_world_that_cannot_be_is_refused(world: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        simulate(5, world=JourneyWorld(**world))
