"""Competing outcomes of journeys: by hand, against the naive curve, at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from customer_centric.errors import InvalidInputError
from customer_centric.journey import outcome_incidence


def test_by_hand_with_an_open_journey() -> None:
    """Five journeys; the fourth is open after minute 4, so that the fifth stands for two."""
    found = outcome_incidence([1, 2, 3, 4, 5], ["convert", "leave", "convert", None, "leave"], unit="minute")
    assert found.outcomes == ("convert", "leave")
    assert found.incidence[0] == pytest.approx([0.2, 0.2, 0.4, 0.4, 0.4])
    assert found.incidence[1] == pytest.approx([0, 0.2, 0.2, 0.2, 0.6])
    assert found.open == pytest.approx([0.8, 0.6, 0.4, 0.4, 0.0])
    share, bounds = found.at("leave", 2.5)
    assert share == pytest.approx(0.2)
    assert bounds.contains(0.2)
    assert found.time_until("leave") == 5.0
    assert math.isnan(found.time_until("convert"))
    assert found.time_until("convert", share=0.4) == 3.0
    assert len(found.to_frame()) == 10
    assert "after 5 minutes: convert 40.0 %" in found._repr_html_()


def test_one_less_kaplan_meier_of_one_outcome_is_too_much() -> None:
    """Taking those who leave for censored says that nine of ten convert, where two thirds do."""
    rng = np.random.default_rng(1)
    life, kind = rng.exponential(1 / 1.5, 4000), rng.random(4000) < 2 / 3
    outcome = np.where(kind, "convert", "leave").astype(object)
    seen = rng.uniform(1, 3, 4000)
    outcome[life > seen] = None
    duration = np.minimum(life, seen)
    both = outcome_incidence(duration, outcome, unit="day")
    naive = outcome_incidence(duration, np.where(outcome == "convert", outcome, None), unit="day")
    truth = 2 / 3 * (1 - math.exp(-1.5 * 2.5))
    assert both.at("convert", 2.5)[0] == pytest.approx(truth, abs=0.03)
    assert naive.at("convert", 2.5)[0] > 0.85
    total = sum(both.at(name, 2.5)[0] for name in both.outcomes)
    open_share = both.open[np.searchsorted(both.duration, 2.5, side="right") - 1]
    assert total + open_share == pytest.approx(1.0)


def test_beyond_what_was_watched_nothing_is_known() -> None:
    found = outcome_incidence([1, 2], ["convert", None], unit="day")
    share, bounds = found.at("convert", 5)
    assert math.isnan(share)
    assert bounds.upper == 1.0
    early, first = found.at("convert", 0.5)
    assert early == 0.0
    assert first.lower == 0.0
    assert first.upper > 0.5


def test_one_journey_and_an_outcome_that_was_all() -> None:
    """One conversion of one: between almost nothing and all."""
    found = outcome_incidence([3], ["convert"], unit="day")
    share, bounds = found.at("convert", 3)
    assert share == 1.0
    assert bounds.lower == pytest.approx(0.025)
    assert bounds.upper == 1.0
    missing = outcome_incidence([3, 4], np.array(["a", np.nan], dtype=object), unit="day")
    assert missing.outcomes == ("a",)


@pytest.mark.parametrize(
    ("duration", "outcome", "message"),
    [
        ([], [], "must have one entry a journey, and at least one"),
        ([1, 2], ["a"], r"must have one entry a journey, .*, got shape \(2,\) and 1 outcomes"),
        ([1, 2], [None, None], "`outcome` must have at least one that is not missing"),
        ([-1], ["a"], "`duration` must be .* at least 0, got -1"),
    ],
)
def test_refusals(duration: list[float], outcome: list[str | None], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        outcome_incidence(duration, outcome, unit="day")


def test_unknown_names_and_weights_of_nobody_are_refused() -> None:
    found = outcome_incidence([1], ["a"], unit="day")
    with pytest.raises(InvalidInputError, match="`outcome` must be one of 'a', got 'b'"):
        found.at("b", 1)
    with pytest.raises(InvalidInputError, match=r"`share` must be .* less than 1, got 1"):
        found.time_until("a", share=1.0)
    with pytest.raises(InvalidInputError, match="`weights` must have at least one greater than 0, got none"):
        outcome_incidence([1], ["a"], unit="day", weights=[0])
