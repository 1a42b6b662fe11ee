"""Where does it hurt, and what does that cost? Event logs, friction signals, score, loss and what-if."""

from __future__ import annotations

from customer_centric.journey.abandonment import (
    AbandonmentFit,
    SoftAbandonment,
    soft_abandonment,
)
from customer_centric.journey.chain import (
    JourneyChain,
    without_friction,
)
from customer_centric.journey.incidence import (
    OutcomeIncidence,
    outcome_incidence,
)
from customer_centric.journey.journeys import STATUSES, Journeys, find_journeys
from customer_centric.journey.log import OUTCOMES, EventLog, prepare_log
from customer_centric.journey.loss import FrictionLoss, fix_gain, friction_loss
from customer_centric.journey.placebo import PlaceboLoss, placebo_loss
from customer_centric.journey.quality import LogQuality, OrderViolation, check_log
from customer_centric.journey.report import FrictionReport, friction_report
from customer_centric.journey.schema import EventSchema
from customer_centric.journey.score import FrictionScore, friction_score
from customer_centric.journey.signals import DEFAULT_SIGNALS, Signal, SignalTable, detect_signals
from customer_centric.journey.silences import FirstOutcomes, Silences, find_first_outcomes, find_silences
from customer_centric.journey.transitions import transition_model
from customer_centric.journey.visits import Visits
from customer_centric.journey.weights import WeightFit, fit_weights
from customer_centric.journey.what_if import (
    ChainLoss,
    SingleFixGain,
    decompose_loss,
    single_fix_gain,
)

__all__ = [
    "DEFAULT_SIGNALS",
    "OUTCOMES",
    "STATUSES",
    "AbandonmentFit",
    "ChainLoss",
    "EventLog",
    "EventSchema",
    "FirstOutcomes",
    "FrictionLoss",
    "FrictionReport",
    "FrictionScore",
    "JourneyChain",
    "Journeys",
    "LogQuality",
    "OrderViolation",
    "OutcomeIncidence",
    "PlaceboLoss",
    "Signal",
    "SignalTable",
    "Silences",
    "SingleFixGain",
    "SoftAbandonment",
    "Visits",
    "WeightFit",
    "check_log",
    "decompose_loss",
    "detect_signals",
    "find_first_outcomes",
    "find_journeys",
    "find_silences",
    "fit_weights",
    "fix_gain",
    "friction_loss",
    "friction_report",
    "friction_score",
    "outcome_incidence",
    "placebo_loss",
    "prepare_log",
    "single_fix_gain",
    "soft_abandonment",
    "transition_model",
    "without_friction",
]
