"""Drawing the customers of a simulated survey, and their answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from customer_centric.nps import NPS_SCALE
from customer_centric.simulate._plan import Plan
from customer_centric.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    account: IntArray
    segment: IntArray
    constant: FloatArray
    n_accounts: int


def draw_customers(plan: Plan, n: int, account_size: float, rng: np.random.Generator) -> Customers:
    """Accounts, the segments that they belong to, and what does not change from wave to wave."""
    n_accounts = max(int(np.rint(n / account_size)), 1)
    account = np.arange(n) if n_accounts == n else rng.integers(n_accounts, size=n)
    segment = rng.choice(plan.shares.size, size=n_accounts, p=plan.shares)[account]
    account_sd, customer_sd, _ = plan.sds
    constant = account_sd * rng.standard_normal(n_accounts)[account] + customer_sd * rng.standard_normal(n)
    return Customers(account, segment.astype(np.int64), constant, n_accounts)


def draw_rows(
    plan: Plan,
    customers: Customers,
    wave: IntArray,
    customer: IntArray,
    not_applicable: float,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, IntArray]:
    """The survey, and the answers of everybody."""
    rows, n_drivers, n_themes = customer.size, plan.beta.size, plan.gamma.size
    segment = customers.segment[customer]
    z = np.sqrt(1.0 - plan.halo) * rng.standard_normal((rows, n_drivers))
    z += np.sqrt(plan.halo) * rng.standard_normal((rows, 1))
    flags = (rng.random((rows, n_themes)) < plan.mentions).astype(np.int64)
    attitude = plan.means[segment, wave] + customers.constant[customer] + z @ plan.beta + flags @ plan.gamma
    attitude += plan.sds[2] * rng.standard_normal(rows)
    answers = np.clip(np.rint(attitude), NPS_SCALE.minimum, NPS_SCALE.maximum)
    answered = rng.random(rows) < plan.response[segment, NPS_SCALE.net_values(answers).astype(np.int64) + 1]
    drivers = np.clip(np.rint(3.5 + z), 1.0, 5.0)
    drivers[~answered[:, None] | (rng.random((rows, n_drivers)) < not_applicable)] = np.nan
    survey = pd.DataFrame(
        {
            "customer": _names("C", customers.constant.size)[customer],
            "account": _names("A", customers.n_accounts)[customers.account[customer]],
            "segment": np.array(plan.segments, dtype=object)[segment],
            "date": pd.DatetimeIndex(plan.dates)[wave],
            "rating": np.where(answered, answers, np.nan),
            **{name: drivers[:, j] for j, name in enumerate(plan.drivers)},
            **{name: flags[:, k] * answered for k, name in enumerate(plan.themes)},
        }
    )
    return survey, answers.astype(np.int64)


def _names(letter: str, n: int) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    width = len(str(n))
    return np.array([f"{letter}{i:0{width}}" for i in range(1, n + 1)], dtype=object)
