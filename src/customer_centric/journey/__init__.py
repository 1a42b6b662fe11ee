"""Where does it hurt, and what does that cost? Event logs, friction signals, score, loss and what-if."""

from __future__ import annotations

from customer_centric.journey.abandonment import (
    AbandonmentFit,
    SoftAbandonment,
    soft_abandonment,
)
from customer_centric.journey.care import CareSensor, care_sensor
from customer_centric.journey.chain import (
    JourneyChain,
    without_friction,
)
from customer_centric.journey.channels import ChannelConsistency, ChannelGap, channel_consistency, channel_gap
from customer_centric.journey.contacts import (
    ContactRate,
    FirstContactResolution,
    VoiceExitRatio,
    contact_rate,
    first_contact_resolution,
    voice_exit_ratio,
)
from customer_centric.journey.effort import (
    EffortCalibration,
    EffortPerStep,
    calibrate_effort,
    effort_per_step,
)
from customer_centric.journey.excess import ExcessDropOff, excess_drop_off
from customer_centric.journey.feedback import FeedbackLoop, feedback_loop
from customer_centric.journey.funnel import Funnel, funnel
from customer_centric.journey.incidence import (
    OutcomeIncidence,
    outcome_incidence,
)
from customer_centric.journey.journeys import STATUSES, Journeys, find_journeys
from customer_centric.journey.log import OUTCOMES, EventLog, prepare_log
from customer_centric.journey.loss import FrictionLoss, fix_gain, friction_loss
from customer_centric.journey.moments import MomentsOfTruth, moments_of_truth
from customer_centric.journey.next_step import NextStep, next_step
from customer_centric.journey.path import PathEfficiency, ReworkRate, path_efficiency, rework_rate
from customer_centric.journey.placebo import PlaceboLoss, placebo_loss
from customer_centric.journey.prices import PriceHold, QuoteTimeToLive, price_hold_rate, recommended_quote_ttl
from customer_centric.journey.quality import LogQuality, OrderViolation, check_log
from customer_centric.journey.report import FrictionReport, friction_report
from customer_centric.journey.response import ResponseTime, response_time
from customer_centric.journey.schema import EventSchema
from customer_centric.journey.score import FrictionScore, friction_score
from customer_centric.journey.signals import DEFAULT_SIGNALS, Signal, SignalTable, detect_signals
from customer_centric.journey.silences import FirstOutcomes, Silences, find_first_outcomes, find_silences
from customer_centric.journey.time_to_complete import TimeToComplete, time_to_complete
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
    "CareSensor",
    "ChainLoss",
    "ChannelConsistency",
    "ChannelGap",
    "ContactRate",
    "EffortCalibration",
    "EffortPerStep",
    "EventLog",
    "EventSchema",
    "ExcessDropOff",
    "FeedbackLoop",
    "FirstContactResolution",
    "FirstOutcomes",
    "FrictionLoss",
    "FrictionReport",
    "FrictionScore",
    "Funnel",
    "JourneyChain",
    "Journeys",
    "LogQuality",
    "MomentsOfTruth",
    "NextStep",
    "OrderViolation",
    "OutcomeIncidence",
    "PathEfficiency",
    "PlaceboLoss",
    "PriceHold",
    "QuoteTimeToLive",
    "ResponseTime",
    "ReworkRate",
    "Signal",
    "SignalTable",
    "Silences",
    "SingleFixGain",
    "SoftAbandonment",
    "TimeToComplete",
    "Visits",
    "VoiceExitRatio",
    "WeightFit",
    "calibrate_effort",
    "care_sensor",
    "channel_consistency",
    "channel_gap",
    "check_log",
    "contact_rate",
    "decompose_loss",
    "detect_signals",
    "effort_per_step",
    "excess_drop_off",
    "feedback_loop",
    "find_first_outcomes",
    "find_journeys",
    "find_silences",
    "first_contact_resolution",
    "fit_weights",
    "fix_gain",
    "friction_loss",
    "friction_report",
    "friction_score",
    "funnel",
    "moments_of_truth",
    "next_step",
    "outcome_incidence",
    "path_efficiency",
    "placebo_loss",
    "prepare_log",
    "price_hold_rate",
    "recommended_quote_ttl",
    "response_time",
    "rework_rate",
    "single_fix_gain",
    "soft_abandonment",
    "time_to_complete",
    "transition_model",
    "voice_exit_ratio",
    "without_friction",
]
