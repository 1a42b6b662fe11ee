"""What is measured of pymc-marketing, called as its documentation does; fits are MAP with default priors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from pymc_marketing import clv  # type: ignore[import-not-found]
from pymc_marketing.clv.utils import rfm_summary  # type: ignore[import-not-found]

FIRST_DAY = np.datetime64("2022-01-01")
ORDER: dict[str, tuple[str, ...]] = {
    "bg_nbd": ("r", "alpha", "a", "b"),
    "pareto_nbd": ("r", "alpha", "s", "beta"),
}
ORDER["gamma_gamma"] = ("p", "q", "v")
CLASSES = {"bg_nbd": clv.BetaGeoModel, "pareto_nbd": clv.ParetoNBDModel, "gamma_gamma": clv.GammaGammaModel}
_FEW = 5000


def read_log(path: str, options: dict[str, Any]) -> pd.DataFrame:
    with np.load(path) as log:
        frame = pd.DataFrame(
            {
                "customer": log["customer"],
                "date": (FIRST_DAY + log["day"].astype("timedelta64[D]")).astype("datetime64[s]"),
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
        frame = pd.DataFrame({name: columns[name] for name in ("frequency", "recency", "age", "mean_spend")})
    frame = frame.rename(columns={"age": "T", "mean_spend": "monetary_value"})
    return frame.assign(customer_id=np.arange(len(frame)), monetary_value=frame["monetary_value"].fillna(0.0))


def repeaters(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame["frequency"] > 0) & (frame["monetary_value"] > 0)]


def fit_map(model: str, frame: pd.DataFrame) -> Any:
    """The model at its maximum a posteriori."""
    fitted = CLASSES[model]()
    fitted.fit(repeaters(frame) if model == "gamma_gamma" else frame, method="map", progressbar=False)
    return fitted


def summarise(path: str, options: dict[str, Any]) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    frame = read_log(path, options)
    return lambda: _summarise(frame), _told


def _summarise(frame: pd.DataFrame) -> Any:
    return rfm_summary(
        frame, "customer", "date", "amount", observation_period_end=frame["date"].max(), time_unit="D"
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

    def told(fitted: Any) -> dict[str, Any]:
        posterior = fitted.idata["/posterior"]
        return {"parameters": [float(posterior[name].to_numpy().ravel()[0]) for name in ORDER[model]]}

    return lambda: fit_map(model, frame), told


def predict(path: str, options: dict[str, Any]) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    frame, what = read_histories(path), options["what"]
    fitted = fit_map(options["model"], frame.iloc[:_FEW])

    def work() -> list[Any]:
        forecasts = []
        if "alive" in what and options["model"] == "pareto_nbd":
            forecasts.append(fitted.expected_probability_alive(frame, future_t=0))
        elif "alive" in what:
            forecasts.append(fitted.expected_probability_alive(frame))
        if "purchases" in what:
            forecasts.append(fitted.expected_purchases(frame, future_t=39.0))
        return forecasts

    return work, lambda forecasts: {"sums": [float(forecast.sum()) for forecast in forecasts]}


def value(path: str, options: dict[str, Any]) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    frame = read_histories(path)
    few = frame.iloc[:_FEW]
    purchases, spend = fit_map(options["model"], few), fit_map("gamma_gamma", few)
    return lambda: _value(frame, purchases, spend, "W"), _told_values


def _value(frame: pd.DataFrame, purchases: Any, spend: Any, time_unit: str) -> Any:
    return spend.expected_customer_lifetime_value(
        transaction_model=purchases, data=frame, future_t=12, discount_rate=0.01, time_unit=time_unit
    )


def _told_values(values: Any) -> dict[str, Any]:
    return {"customers": int(values.size), "value": float(values.sum())}


def chain(path: str, options: dict[str, Any]) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    log = read_log(path, options)

    def work() -> Any:
        frame = _summarise(log)
        purchases, spend = fit_map("bg_nbd", frame), fit_map("gamma_gamma", frame)
        return _value(frame, purchases, spend, "D")

    return work, _told_values


TASKS = {"summarise": summarise, "fit": fit, "predict": predict, "value": value, "chain": chain}
