"""Every drawing of histories and models, of one small world."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np

from customer_centric import Backtest, MbgNbd, Nbd, Tracking, backtest, plot, summarise_transactions, tracking
from customer_centric.datasets import load_cdnow_sample

MODEL = MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614, unit="week")
BOUGHT = ["1997-08-02", "1997-01-01", "1997-01-18", "1997-01-18"]


@cache
def judged() -> Backtest:
    histories = MODEL.simulate(np.full(400, 30.0), holdout=30, rng=np.random.default_rng(1))
    return backtest(histories, {"MBG/NBD": MODEL}, rng=np.random.default_rng(2))


@cache
def tracked() -> Tracking:
    histories = summarise_transactions(
        load_cdnow_sample(),
        customer="customer",
        date="date",
        end="1998-06-30",
        calibration_end="1997-09-30",
        unit="week",
    )
    return tracking(histories, Nbd(r=0.4, alpha=12.0, unit="week"))


DRAWINGS = {
    "alive": lambda ax=None: plot.plot_probability_alive(MODEL, BOUGHT, end="1997-09-30", ax=ax),
    "ahead": lambda ax=None: plot.plot_probability_alive(
        MODEL, BOUGHT, end=date(1997, 9, 30), horizon=26, ax=ax
    ),
    "frequency": lambda ax=None: plot.plot_frequency(judged(), ax=ax),
    "tracking": lambda ax=None: plot.plot_tracking(tracked(), ax=ax),
    "cumulative": lambda ax=None: plot.plot_tracking(tracked(), kind="cumulative", ax=ax),
    "concentration": lambda ax=None: plot.plot_concentration([5, 3, 1, 0], ax=ax),
    "active": lambda ax=None: plot.plot_calibration(judged(), ax=ax),
    "alive of a model": lambda ax=None: plot.plot_calibration(judged(), of="alive", ax=ax),
}
