"""The data that is measured: drawn once from models with the parameters of CDNOW, the same for everybody."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from inputs_churn import CHURN_INPUTS, make_churn_input
from numpy.typing import NDArray
from tasks_journey import EVENTS_INPUT, write_events
from tasks_segments import SALES_INPUT, write_sales

from customer_centric import BgNbd, GammaGamma, ParetoNbd, PurchaseHistories, summarise_transactions
from customer_centric.datasets import load_cdnow_sample
from customer_centric.typing import FloatArray

BG_NBD = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
PARETO_NBD = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="week")
GAMMA_GAMMA = GammaGamma(p=6.25, q=3.74, gamma=15.44)

MASTER = Path(__file__).resolve().parent.parent / "tests" / "data" / "CDNOW_master.txt.gz"
FIRST_DAY = np.datetime64("2022-01-01")
_DAYS_OBSERVED = 730
_DAYS_OF_ARRIVALS = 365


def make(name: str, path: Path) -> None:
    """Write the input of that name: `log-ROWS`, `histories-MODEL-CUSTOMERS`, `parquet-ROWS`,
    `survey-KIND-ROWS`, `sales-ROWS`, `events-JOURNEYS`.
    """
    kind, _, rest = name.partition("-")
    if name.startswith(CHURN_INPUTS):
        make_churn_input(name, path)
    elif name.startswith(SALES_INPUT):
        write_sales(int(rest), path)
    elif name.startswith(EVENTS_INPUT):
        write_events(int(rest), path)
    elif kind == "log":
        _save(path, draw_log(int(rest), rng=np.random.default_rng(1)))
    elif kind == "parquet":
        _write_parquet(draw_log(int(rest), rng=np.random.default_rng(1)), path)
    elif kind == "survey":
        ids, _, n_rows = rest.partition("-")
        _write_survey(ids, int(n_rows), path)
    else:
        model, _, n_customers = rest.partition("-")
        _save(path, _histories(model, int(n_customers)))


def _save(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    np.savez(path, allow_pickle=False, **columns)


def _histories(model: str, n_customers: int) -> dict[str, FloatArray]:
    if model == "cdnow":
        frame = _cdnow(n_customers).frame
        columns = ("frequency", "recency", "age", "mean_spend")
        return {name: frame[name].to_numpy(dtype=np.float64) for name in columns}
    return draw_histories(BG_NBD if model == "bg_nbd" else PARETO_NBD, n_customers)


def _cdnow(n_customers: int) -> PurchaseHistories[pd.DataFrame]:
    """The calibration of the papers: the sample of 2,357 customers, or the 23,570 it was taken from."""
    if n_customers == 2357:
        log = load_cdnow_sample()
    else:
        with gzip.open(MASTER, "rt") as file:
            names = ["customer", "date", "quantity", "amount"]
            log = pd.read_csv(file, sep=r"\s+", skiprows=1, names=names, dtype={"customer": str, "date": str})
    return summarise_transactions(
        log, customer="customer", date="date", amount="amount", end="1997-09-30", unit="week"
    )


def draw_histories(model: BgNbd | ParetoNbd, n_customers: int) -> dict[str, FloatArray]:
    """Histories as logs of days give them: observed for 27 to 39 weeks, times whole days in weeks."""
    rng = np.random.default_rng(n_customers)
    age = rng.integers(189, 274, n_customers) / 7
    drawn = model.simulate(age, rng=rng).frame
    frequency = drawn["frequency"].to_numpy(dtype=np.float64)
    recency = np.minimum(np.ceil(drawn["recency"].to_numpy() * 7), np.rint(age * 7)) / 7
    mean_spend = np.where(frequency > 0, GAMMA_GAMMA.simulate(frequency, rng=rng), np.nan)
    return {"frequency": frequency, "recency": recency, "age": age, "mean_spend": mean_spend}


def draw_log(n_rows: int, *, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """The first `n_rows` transactions, in order of time, of customers who arrive during a year.

    Two years are observed; a customer has 2.9 transactions on average. Purchases come one after the other:
    a gap, a purchase, and perhaps the last one.
    """
    n_customers = int(n_rows * 0.36) + 1000
    day = rng.uniform(0, _DAYS_OF_ARRIVALS, n_customers)
    rate = rng.gamma(BG_NBD.r, 1 / (7 * BG_NBD.alpha), n_customers)
    dropout = rng.beta(BG_NBD.a, BG_NBD.b, n_customers)
    who = np.arange(n_customers)
    customers, days = [who], [day]
    while who.size:
        with np.errstate(divide="ignore"):
            day = day + rng.exponential(size=who.size) / rate[who]
        seen = day < _DAYS_OBSERVED
        who, day = who[seen], day[seen]
        customers.append(who)
        days.append(day)
        stays = rng.random(who.size) >= dropout[who]
        who, day = who[stays], day[stays]
    customer, time = np.concatenate(customers), np.concatenate(days)
    order = np.argsort(time)[:n_rows]
    if order.size < n_rows:
        raise RuntimeError(f"{order.size} transactions drawn, {n_rows} wanted")
    # A customer's mean, and the spread of single amounts around it.
    scale = 1 / rng.gamma(GAMMA_GAMMA.q, 1 / GAMMA_GAMMA.gamma, n_customers)
    amount = rng.gamma(GAMMA_GAMMA.p, size=n_rows) * scale[customer[order]]
    return {
        "customer": customer[order],
        "day": time[order].astype(np.int64),
        "amount": np.round(np.maximum(amount, 0.01), 2),
    }


def _write_parquet(log: dict[str, NDArray[Any]], path: Path) -> None:
    """The log with ids of 36 characters, as systems write them: larger than the memory the engine gets."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    key = np.random.default_rng(2).bytes(16 * (int(log["customer"].max()) + 1))
    digits = np.frombuffer(key.hex().encode(), dtype="S32").astype("U32")
    ids = pa.array(digits).take(pa.array(log["customer"]))
    days = (FIRST_DAY + log["day"].astype("timedelta64[D]")).astype("datetime64[D]")
    table = pa.table({"customer": ids, "date": pa.array(days), "amount": pa.array(log["amount"])})
    pq.write_table(table, path, row_group_size=100_000)


def _write_survey(ids: str, n_rows: int, path: Path) -> None:
    """Answers of 1,000 segments with the shares that R's package NPS documents, 2 % of them missing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(4)
    segment = rng.integers(0, 1000, n_rows, dtype=np.int32)
    share = np.array([0.02, 0.01, 0.01, 0.01, 0.01, 0.03, 0.03, 0.09, 0.22, 0.22, 0.35])
    rating = rng.choice(11, n_rows, p=share).astype(np.int8)
    names: Any = pa.array(segment)
    if ids == "text":
        names = pa.array([f"segment {i:04d}" for i in range(1000)]).take(names)
    answers = pa.array(rating, mask=rng.random(n_rows) < 0.02)
    pq.write_table(pa.table({"segment": names, "rating": answers}), path)


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]))
