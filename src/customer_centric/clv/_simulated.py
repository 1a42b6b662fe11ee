"""From draws to purchase histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from customer_centric.clv._simulation import Drawn
from customer_centric.clv.histories import PurchaseHistories
from customer_centric.typing import TimeUnit

if TYPE_CHECKING:
    import pandas as pd


def simulated_histories(drawn: Drawn, *, unit: TimeUnit, holdout: float) -> PurchaseHistories[pd.DataFrame]:
    """One row a drawn customer, with a holdout where there is one."""
    if holdout == 0:
        return PurchaseHistories.from_arrays(drawn.frequency, drawn.recency, drawn.age, unit=unit)
    return PurchaseHistories.from_arrays(
        drawn.frequency,
        drawn.recency,
        drawn.age,
        unit=unit,
        frequency_holdout=drawn.frequency_holdout,
        age_holdout=np.full(drawn.age.shape, holdout),
    )
