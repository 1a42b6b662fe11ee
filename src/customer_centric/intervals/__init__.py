"""How far can an estimate be off? Intervals, and the methods that give one."""

from __future__ import annotations

from customer_centric.intervals.bootstrap import bootstrap_interval
from customer_centric.intervals.interval import Interval
from customer_centric.intervals.mover import mover_interval
from customer_centric.intervals.net_share import jeffreys_net_interval, tango_interval, wald_net_interval
from customer_centric.intervals.normal import normal_interval
from customer_centric.intervals.proportion import wilson_interval
from customer_centric.intervals.rate import garwood_interval
from customer_centric.intervals.rating_mean import multinomial_score_interval

__all__ = [
    "Interval",
    "bootstrap_interval",
    "garwood_interval",
    "jeffreys_net_interval",
    "mover_interval",
    "multinomial_score_interval",
    "normal_interval",
    "tango_interval",
    "wald_net_interval",
    "wilson_interval",
]
