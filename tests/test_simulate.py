"""What was put into a simulated world is what large samples of it show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from customer_centric.errors import InvalidInputError
from customer_centric.nps import net_promoter_score
from customer_centric.simulate import SurveyWorld, simulate_behaviour, simulate_survey

LARGE = 100_000


def score_of(ratings: object) -> float:
    return net_promoter_score(np.asarray(ratings)).score


@pytest.fixture(scope="module")
def biased() -> SurveyWorld:
    """Detractors keep silent, one country answers less than the others, attitudes rise."""
    return simulate_survey(
        LARGE,
        rng=np.random.default_rng(1),
        waves=("2024-01-15", "2024-07-15", "2025-01-15"),
        trend=0.5,
        response_rates={"detractor": 0.2, "passive": 0.3, "promoter": 0.5},
        segment_response={"NL": 0.5},
    )


def test_truth_is_what_a_large_sample_shows(biased: SurveyWorld) -> None:
    """Scores of everybody and of those who answer, by segment and by wave, within what chance allows."""
    for truth, ratings in (
        (biased.everybody, pd.Series(biased.answers.astype(float))),
        (biased.respondents, biased.survey["rating"]),
    ):
        found = net_promoter_score(ratings, confidence_level=0.999)
        assert found.interval.contains(truth.nps)
        assert found.promoter_share == pytest.approx(truth.class_shares["promoter"], abs=0.01)
        assert sum(truth.class_shares.values()) == pytest.approx(1.0)
        for name, part in ratings.groupby(biased.survey["segment"]):
            assert score_of(part) == pytest.approx(truth.nps_by_segment[str(name)], abs=4.0)
        waves = [score_of(part) for _, part in ratings.groupby(biased.survey["date"])]
        assert waves == pytest.approx(list(truth.nps_by_wave), abs=3.0)
    assert biased.survey["rating"].notna().mean() == pytest.approx(biased.response_rate, abs=0.005)
    assert biased.respondents.nps > biased.everybody.nps + 15


def test_themes_move_the_score_by_what_the_truth_says(biased: SurveyWorld) -> None:
    answered = biased.survey[biased.survey["rating"].notna()]
    for name, impact in biased.respondents.theme_impacts.items():
        without = answered.loc[answered[name] == 0, "rating"]
        assert score_of(answered["rating"]) - score_of(without) == pytest.approx(impact, abs=1.0)
    assert biased.everybody.theme_impacts["late"] < -3
    assert biased.everybody.theme_impacts["app"] == pytest.approx(0.0, abs=1e-9)


def test_drivers_have_their_weights_and_one_has_none() -> None:
    """The weights are found by least squares in a wide scale that rounding and its ends do not touch."""
    world = simulate_survey(
        20_000,
        rng=np.random.default_rng(2),
        segments={"all": (1.0, 5.0)},
        themes={},
        drivers={"delivery": 1.0, "price": 0.5, "website": 0.0},
        customer_sd=0.0,
        noise_sd=0.5,
        response_rates=1.0,
    )
    drivers = world.survey[list(world.driver_weights)].to_numpy()
    design = np.column_stack([np.ones(len(drivers)), drivers])
    found = np.linalg.lstsq(design, world.survey["rating"].to_numpy(), rcond=None)[0][1:]
    # Answers to drivers are rounded and cut at 5, which takes a little of the weight.
    assert found == pytest.approx(list(world.driver_weights.values()), abs=0.12)


def test_attitudes_agree_within_accounts_and_customers_as_said() -> None:
    world = simulate_survey(
        30_000,
        rng=np.random.default_rng(3),
        segments={"all": (1.0, 5.0)},
        themes={},
        drivers={},
        waves=("2025-01-01", "2025-04-01"),
        asked="every_wave",
        account_size=2.0,
        account_sd=1.0,
        customer_sd=0.7,
        noise_sd=0.7,
    )
    assert world.account_correlation == pytest.approx(1 / 1.98)
    assert world.customer_correlation == pytest.approx(1.49 / 1.98)
    survey = world.survey.assign(answer=world.answers)
    panel = survey.pivot(index="customer", columns="date", values="answer")
    assert np.corrcoef(panel.to_numpy().T)[0, 1] == pytest.approx(world.customer_correlation, abs=0.06)
    first = survey[survey["date"] == world.wave_dates[0]]
    couples = first.groupby("account")["answer"].agg(["first", "last", "size"]).query("size == 2")
    correlation = np.corrcoef(couples["first"], couples["last"])[0, 1]
    assert correlation == pytest.approx(world.account_correlation, abs=0.06)
    assert first.groupby("account")["segment"].nunique().max() == 1


def test_a_survey_holds_what_it_says() -> None:
    world = simulate_survey(
        2_000, rng=np.random.default_rng(4), waves=("2025-01-01", "2025-02-01"), not_applicable=0.2
    )
    survey = world.survey
    assert list(survey.columns) == [
        *("customer", "account", "segment", "date", "rating"),
        *("delivery", "price", "support", "website", "late", "friendly", "app"),
    ]
    assert survey["customer"].is_unique
    assert survey["date"].is_monotonic_increasing
    answered = survey["rating"].notna()
    assert (survey.loc[answered, "rating"] == world.answers[answered]).all()
    assert set(survey.loc[answered, "delivery"].dropna()) == {1.0, 2.0, 3.0, 4.0, 5.0}
    assert survey.loc[answered, "delivery"].isna().mean() == pytest.approx(0.2, abs=0.05)
    assert survey.loc[~answered, "delivery"].isna().all()
    assert not survey.loc[~answered, ["late", "friendly", "app"]].to_numpy().any()
    again = simulate_survey(
        2_000, rng=np.random.default_rng(4), waves=("2025-01-01", "2025-02-01"), not_applicable=0.2
    )
    pd.testing.assert_frame_equal(survey, again.survey)


def test_the_smallest_world_has_one_customer() -> None:
    world = simulate_survey(1, rng=np.random.default_rng(5), response_rates=0.0, account_size=9.0)
    assert len(world.survey) == 1
    assert world.response_rate == 0.0
    assert np.isnan(world.respondents.nps)


def test_behaviour_does_not_depend_on_the_answer_unless_told() -> None:
    """Churn and spend of each class are the rates that were put in, counted from the day after the survey."""
    world = simulate_survey(30_000, rng=np.random.default_rng(6))
    for rates, factors in ((0.4, None), ({"detractor": 0.8, "passive": 0.4, "promoter": 0.2}, None)):
        found = simulate_behaviour(world, rng=np.random.default_rng(7), churn_rates=rates)
        customers = found.customers
        lost = customers["lost"].notna()
        days = (customers["lost"].fillna(found.end) - customers["asked"]).dt.days
        for name, part in customers.groupby("answer_class"):
            rate = lost[part.index].sum() / days[part.index].sum() * 365.25
            assert rate == pytest.approx(found.churn_rates[str(name)], rel=0.06), factors
        assert (customers["since"] < customers["asked"]).all()
        assert (customers["lost"].dropna() > customers.loc[lost, "asked"]).all()
        assert (customers["lost"].dropna() <= found.end).all()


def test_purchases_follow_the_rates_and_stop_when_customers_leave() -> None:
    world = simulate_survey(5_000, rng=np.random.default_rng(8))
    factors = {"detractor": 0.5, "passive": 1.0, "promoter": 2.0}
    found = simulate_behaviour(world, rng=np.random.default_rng(9), churn_rates=0.3, spend_factors=factors)
    assert found.spend_rates == {"detractor": 150.0, "passive": 300.0, "promoter": 600.0}
    log = found.transactions.merge(found.customers, on="customer")
    assert (log["date"] >= log["since"]).all()
    assert (log["date"] <= log["lost"].fillna(found.end)).all()
    days = (found.customers["lost"].fillna(found.end) - found.customers["asked"]).dt.days
    after = log[log["date"] > log["asked"]].groupby("answer_class")["amount"].sum()
    years = days.groupby(found.customers["answer_class"]).sum() / 365.25
    for name, rate in found.spend_rates.items():
        assert after[name] / years[name] == pytest.approx(rate, rel=0.06)
    before = log[log["date"] <= log["asked"]].groupby("answer_class")["amount"].sum()
    earlier = ((found.customers["asked"] - found.customers["since"]).dt.days + 1) / 365.25
    earlier = earlier.groupby(found.customers["answer_class"]).sum()
    assert (before / earlier).to_numpy() == pytest.approx(np.full(3, 300.0), rel=0.06)


def test_customers_who_left_are_not_asked_again() -> None:
    waves = ("2025-01-01", "2025-07-01", "2026-01-01")
    world = simulate_survey(500, rng=np.random.default_rng(10), waves=waves, asked="every_wave")
    found = simulate_behaviour(world, rng=np.random.default_rng(11), churn_rates=1.0)
    lost = found.survey["customer"].map(found.customers.set_index("customer")["lost"])
    assert not (found.survey["date"] >= lost).any()
    counts = found.survey["date"].value_counts().sort_index().tolist()
    assert counts[0] == 500
    assert counts[1] == pytest.approx(500 * np.exp(-0.5), abs=40)
    everybody = simulate_behaviour(world, rng=np.random.default_rng(12), churn_rates=0.0)
    assert everybody.customers["lost"].isna().all()
    assert len(everybody.survey) == 1500


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_customers": 0}, "`n_customers` must be a whole number at least 1, got 0"),
        ({"rng": 1}, "`rng` must be a NumPy random generator, got 1; pass for instance rng="),
        ({"asked": "twice"}, "`asked` must be one of 'once', 'every_wave', got 'twice'"),
        ({"halo": 1.0}, "`halo` must be .* less than 1, got 1"),
        ({"account_size": 0.5}, "`account_size` must be .* at least 1, got 0.5"),
        ({"noise_sd": -1.0}, "`noise_sd` must be .* at least 0, got -1"),
        ({"waves": ()}, r"`waves` must be days in ascending order, at least one, got \[\]"),
        ({"waves": ("2025-02-01", "2025-01-01")}, "`waves` must be days in ascending order"),
        (
            {"segments": {"a": (0.0, 8.0)}},
            "`segments` must have at least one with a positive share, got none",
        ),
        ({"response_rates": {"promoter": 1.0}}, "`response_rates` must have a number for each of"),
        ({"response_rates": 1.5}, "`response_rates` must be .* at most 1, got 1.5"),
        ({"segment_response": {"XX": 1.0}}, "`segment_response` must name segments, got 'XX'"),
        ({"segment_response": {"DE": 3.0}}, "`response_rates` times `segment_response` must be at most 1"),
        ({"themes": {"late": (1.0, -1.0)}}, "`themes` must be .* less than 1, got 1"),
        (
            {"drivers": {}, "noise_sd": 0.0, "customer_sd": 0.0},
            "`account_sd`, `customer_sd`, `noise_sd` and `drivers` must make customers differ",
        ),
    ],
)
def test_a_world_that_cannot_be_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        simulate_survey(**{"n_customers": 10, "rng": RNG, **arguments})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rng": None}, "`rng` must be a NumPy random generator, got None"),
        ({"churn_rates": {"loyal": 0.1}}, "`churn_rates` must have a number for each of"),
        ({"churn_rates": -0.1}, "`churn_rates` must be .* at least 0, got -0.1"),
        ({"follow_up": 0}, "`follow_up` must be .* at least 1, got 0"),
        ({"mean_spend": 0}, "`mean_spend` must be .* greater than 0, got 0"),
    ],
)
def test_behaviour_that_cannot_be_is_refused(arguments: dict[str, object], message: str) -> None:
    world = simulate_survey(10, rng=np.random.default_rng(1))
    with pytest.raises(InvalidInputError, match=message):
        simulate_behaviour(world, **{"rng": RNG, **arguments})  # type: ignore[arg-type]


def test_intervals_that_know_the_accounts_hold_the_truth_of_a_world_with_accounts() -> None:
    """Those that do not know them miss it far too often."""
    known, unknown = 0, 0
    for number in range(100):
        world = simulate_survey(
            200,
            rng=np.random.default_rng(number),
            account_size=5.0,
            account_sd=2.0,
            response_rates=1.0,
        )
        ratings, accounts = world.survey["rating"], world.survey["account"]
        known += net_promoter_score(ratings, clusters=accounts).interval.contains(world.everybody.nps)
        unknown += net_promoter_score(ratings).interval.contains(world.everybody.nps)
    assert known >= 89
    assert unknown <= 85
