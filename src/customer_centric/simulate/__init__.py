"""Worlds whose truth is known: surveys, and what customers did afterwards, for tests and for teaching.

A method is right if it finds what was put in. Here a survey is drawn from customers whose attitudes,
reasons to answer and later behaviour are set by the caller, together with the score that the whole
population has, computed from probabilities and not from the draw.
"""

from __future__ import annotations

from customer_centric.simulate.behaviour import SimulatedBehaviour, simulate_behaviour
from customer_centric.simulate.survey import SurveyTruth, SurveyWorld, simulate_survey

__all__ = [
    "SimulatedBehaviour",
    "SurveyTruth",
    "SurveyWorld",
    "simulate_behaviour",
    "simulate_survey",
]
