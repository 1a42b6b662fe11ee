"""What is measured of lifetimes, called as its own documentation does. Runs on Python 3.9 and newer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter  # type: ignore[import-not-found]
from lifetimes.utils import summary_data_from_transaction_data  # type: ignore[import-not-found]

FIRST_DAY = np.datetime64("2022-01-01")
ORDER: dict[str, tuple[str, ...]] = {
    "bg_nbd": ("r", "alpha", "a", "b"),
    "pareto_nbd": ("r", "alpha", "s", "beta"),
}
ORDER["gamma_gamma"] = ("p", "q", "v")
PUBLISHED = {
    "bg_nbd": (0.243, 4.414, 0.793, 2.426),
    "pareto_nbd": (0.553, 10.578, 0.606, 11.669),
    "gamma_gamma": (6.25, 3.74, 15.44),
}
CLASSES = {"bg_nbd": BetaGeoFitter, "pareto_nbd": ParetoNBDFitter, "gamma_gamma": GammaGammaFitter}


def read_log(path: str, options: dict[str, Any]) -> pd.DataFrame:
    with np.load(path) as log:
        frame = pd.DataFrame(
            {
                "customer": log["customer"],
                "date": (FIRST_DAY + log["day"].astype("timedelta64[D]")).astype("datetime64[ns]"),
                "amount": log["amount"],
            }
        )
    if options.get("order") == "shuffled":
        order = np.random.default_rng(3).permutation(len(frame))
        frame = frame.iloc[order].reset_index(drop=True)
    if options.get("ids") == "text":
        frame["customer"] = "C" + frame["customer"].astype(str).str.zfill(8)
    return frame


def read_histories(path: str) -> pd.DataFrame:
    with np.load(path) as columns:
        return pd.DataFrame({name: columns[name] for name in ("frequency", "recency", "age", "mean_spend")})


def published(model: str) -> Any:
    """A fitter with the published parameters, as if it had been fitted."""
    fitter = CLASSES[model]()
    fitter.params_ = pd.Series(dict(zip(ORDER[model], PUBLISHED[model])))  # noqa: B905  # Python 3.9
    fitter.predict = getattr(fitter, "conditional_expected_number_of_purchases_up_to_time", None)
    return fitter


def summarise(path: str, options: dict[str, Any]) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    frame = read_log(path, options)
    return lambda: _summarise(frame), _told


def _summarise(frame: pd.DataFrame) -> Any:
    return summary_data_from_transaction_data(
        frame, "customer", "date", "amount", observation_period_end=frame["date"].max(), freq="D"
    )


def _told(frame: pd.DataFrame) -> dict[str, Any]:
    return {
        "customers": len(frame),
        "purchases": float(frame["frequency"].sum()),
        "recency": float(frame["recency"].sum()),
        "spend": float((frame["frequency"] * frame["monetary_value"]).sum()),
    }


def fit(path: str, options: dict[str, Any]) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    frame, model = read_histories(path), options["model"]
    if model == "gamma_gamma":
        repeat = frame[(frame["frequency"] > 0) & (frame["mean_spend"] > 0)]
        data: tuple[Any, ...] = (repeat["frequency"], repeat["mean_spend"])
    else:
        data = (frame["frequency"], frame["recency"], frame["age"])
    return (
        lambda: CLASSES[model]().fit(*data),
        lambda fitter: {"parameters": [float(fitter.params_[name]) for name in ORDER[model]]},
    )


def predict(path: str, options: dict[str, Any]) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    frame, fitter, what = read_histories(path), published(options["model"]), options["what"]
    x, t_x, age = frame["frequency"], frame["recency"], frame["age"]

    def work() -> list[Any]:
        forecasts = []
        if "alive" in what:
            forecasts.append(fitter.conditional_probability_alive(x, t_x, age))
        if "purchases" in what:
            forecasts.append(fitter.conditional_expected_number_of_purchases_up_to_time(39.0, x, t_x, age))
        return forecasts

    return work, lambda forecasts: {"sums": [float(np.sum(forecast)) for forecast in forecasts]}


def value(path: str, options: dict[str, Any]) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    frame = read_histories(path).fillna({"mean_spend": 0.0})
    purchases, spend = published(options["model"]), published("gamma_gamma")
    return lambda: _value(frame, purchases, spend, "W"), _told_values


def _value(frame: pd.DataFrame, purchases: Any, spend: Any, freq: str) -> Any:
    return spend.customer_lifetime_value(
        purchases,
        frame["frequency"],
        frame["recency"],
        frame["age"],
        frame["mean_spend"],
        time=12,
        discount_rate=0.01,
        freq=freq,
    )


def _told_values(values: Any) -> dict[str, Any]:
    return {"customers": len(values), "value": float(values.sum())}


def chain(path: str, options: dict[str, Any]) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    log = read_log(path, options)

    def work() -> Any:
        frame = _summarise(log).rename(columns={"T": "age", "monetary_value": "mean_spend"})
        purchases = BetaGeoFitter().fit(frame["frequency"], frame["recency"], frame["age"])
        repeat = frame[(frame["frequency"] > 0) & (frame["mean_spend"] > 0)]
        spend = GammaGammaFitter().fit(repeat["frequency"], repeat["mean_spend"])
        return _value(frame, purchases, spend, "D")

    return work, _told_values


TASKS = {"summarise": summarise, "fit": fit, "predict": predict, "value": value, "chain": chain}
