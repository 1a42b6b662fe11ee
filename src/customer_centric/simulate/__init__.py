"""Worlds whose truth is known: surveys, what customers did afterwards, and journeys with friction.

A method is right if it finds what was put in. Here a survey is drawn from customers whose attitudes,
reasons to answer and later behaviour are set by the caller, together with the score that the whole
population has, computed from probabilities and not from the draw; and journeys are drawn together with what
they would have been without friction.
"""

from __future__ import annotations

from customer_centric.simulate.behaviour import SimulatedBehaviour, simulate_behaviour
from customer_centric.simulate.journeys import (
    Friction,
    JourneyWorld,
    SimulatedJourneys,
    hotel_story,
    simulate_journeys,
)
from customer_centric.simulate.survey import SurveyTruth, SurveyWorld, simulate_survey

__all__ = [
    "Friction",
    "JourneyWorld",
    "SimulatedBehaviour",
    "SimulatedJourneys",
    "SurveyTruth",
    "SurveyWorld",
    "hotel_story",
    "simulate_behaviour",
    "simulate_journeys",
    "simulate_survey",
]
