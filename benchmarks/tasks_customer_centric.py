"""What is measured of this package, and of what people write by hand on pandas, Polars and DuckDB.

A task reads its input, which is not measured, and gives back the work and what to tell of its result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from inputs import BG_NBD, FIRST_DAY, GAMMA_GAMMA, PARETO_NBD

import customer_centric as cc

Task: TypeAlias = tuple[Callable[[], Any], Callable[[Any], dict[str, Any]]]
Options: TypeAlias = dict[str, Any]

MONTHLY_DISCOUNT = 0.01
YEAR = cc.Horizon.years(1)
RATE = cc.DiscountRate.annual((1 + MONTHLY_DISCOUNT) ** 12 - 1)
FITS: dict[str, Callable[..., Any]] = {
    "bg_nbd": cc.fit_bg_nbd,
    "pareto_nbd": cc.fit_pareto_nbd,
    "gamma_gamma": cc.fit_gamma_gamma,
}
MODELS: dict[str, Any] = {"bg_nbd": BG_NBD, "pareto_nbd": PARETO_NBD, "gamma_gamma": GAMMA_GAMMA}


def read_log(path: str, options: Options) -> dict[str, Any]:
    """Customer, date and amount of a log: in the order and with the ids that are asked for."""
    with np.load(path) as log:
        customer, day, amount = log["customer"], log["day"], log["amount"]
    if options.get("order") == "shuffled":
        order = np.random.default_rng(3).permutation(day.size)
        customer, day, amount = customer[order], day[order], amount[order]
    if options.get("ids") == "text":
        customer = np.char.add("C", np.char.zfill(customer.astype(str), 8)).astype(object)
    return {"customer": customer, "date": dates(day), "amount": amount}


def dates(day: Any) -> Any:
    return (FIRST_DAY + day.astype("timedelta64[D]")).astype("datetime64[us]")


def last_date(log: dict[str, Any]) -> Any:
    return log["date"].max().astype("datetime64[D]").item()


def read_histories(path: str) -> Any:
    with np.load(path) as columns:
        names = ("frequency", "recency", "age", "mean_spend")
        return cc.PurchaseHistories.from_arrays(*(columns[name] for name in names), unit="week")


def summarise(path: str, options: Options) -> Task:
    import pandas as pd

    log = read_log(path, options)
    end, frame = last_date(log), pd.DataFrame(log)
    return lambda: _summarise(frame, end), lambda histories: _told(histories.frame)


def _summarise(frame: Any, end: Any) -> Any:
    return cc.summarise_transactions(
        frame, customer="customer", date="date", amount="amount", end=end, unit="day"
    )


def _told(frame: Any) -> dict[str, Any]:
    return {
        "customers": len(frame),
        "purchases": float(frame["frequency"].sum()),
        "recency": float(frame["recency"].sum()),
        "spend": float((frame["frequency"] * frame["mean_spend"]).sum()),
    }


def fit(path: str, options: Options) -> Task:
    histories, function = read_histories(path), FITS[options["model"]]
    return (
        lambda: function(histories),
        lambda fitted: {
            "parameters": fitted.model.parameters.tolist(),
            "log_likelihood": fitted.log_likelihood,
        },
    )


def judge(path: str, options: Options) -> Task:
    """The log-likelihood of parameters that another library found."""
    histories = read_histories(path)
    model = MODELS[options["model"]].with_parameters(options["parameters"])

    def work() -> float:
        if options["model"] == "gamma_gamma":
            spend = histories.spend_statistics()
            return float(spend.weight @ model.log_likelihood(spend.frequency, spend.mean_spend))
        counts = histories.sufficient_statistics()
        return float(counts.weight @ model.log_likelihood(counts.frequency, counts.recency, counts.age))

    return work, lambda value: {"log_likelihood": value}


def predict(path: str, options: Options) -> Task:
    frame = read_histories(path).frame
    x, t_x, age = (frame[name].to_numpy(dtype=np.float64) for name in ("frequency", "recency", "age"))
    model, what = MODELS[options["model"]], options["what"]

    def work() -> list[Any]:
        if what == "alive purchases":
            both = model.forecast(x, t_x, age, horizon=39.0, discount_rate=cc.DiscountRate.annual(0.0))
            return [both.probability_alive, both.expected_purchases]
        forecasts = []
        if "alive" in what:
            forecasts.append(model.probability_alive(x, t_x, age))
        if "purchases" in what:
            forecasts.append(model.expected_purchases(x, t_x, age, horizon=39.0))
        return forecasts

    return work, lambda forecasts: {"sums": [float(np.sum(forecast)) for forecast in forecasts]}


def value(path: str, options: Options) -> Task:
    """Lifetime value of a year; with the intervals of fits, or bare as the peers give it."""
    histories = read_histories(path)
    models: tuple[Any, Any] = (MODELS[options["model"]], MODELS["gamma_gamma"])
    if options.get("intervals"):
        models = (FITS[options["model"]](histories), FITS["gamma_gamma"](histories))
    return lambda: _value(histories, *models), _told_values


def _value(histories: Any, purchases: Any, spend: Any) -> Any:
    return cc.value_customers(histories, purchases, spend, horizon=YEAR, discount_rate=RATE)


def _told_values(frame: Any) -> dict[str, Any]:
    return {"customers": len(frame), "value": float(frame["lifetime_value"].sum())}


def chain(path: str, options: Options) -> Task:
    """Transactions in memory to the lifetime value of every customer."""
    import pandas as pd

    log = read_log(path, options)
    end, frame = last_date(log), pd.DataFrame(log)
    intervals = options.get("intervals", False)

    def work() -> Any:
        histories = _summarise(frame, end)
        purchases, spend = cc.fit_bg_nbd(histories), cc.fit_gamma_gamma(histories)
        if intervals:
            return _value(histories, purchases, spend)
        return _value(histories, purchases.model, spend.model)

    return work, _told_values


def stages(path: str, options: Options) -> Task:
    """The chain again, with the time of each stage in its result."""
    from time import perf_counter

    import pandas as pd

    log = read_log(path, options)
    end, frame = last_date(log), pd.DataFrame(log)

    def work() -> dict[str, float]:
        marks = [perf_counter()]
        histories = _summarise(frame, end)
        marks.append(perf_counter())
        purchases, spend = cc.fit_bg_nbd(histories), cc.fit_gamma_gamma(histories)
        marks.append(perf_counter())
        _value(histories, purchases.model, spend.model)
        marks.append(perf_counter())
        return dict(zip(("summarise", "fit", "value"), np.diff(marks).tolist(), strict=True))

    return work, lambda times: times


def group_by(path: str, options: Options) -> Task:
    """The same histories by two group-bys of pandas."""
    import pandas as pd

    log = read_log(path, options)
    end, frame = pd.Timestamp(log["date"].max()), pd.DataFrame(log)

    def work() -> Any:
        daily = frame.groupby(["customer", "date"], sort=True)["amount"].sum().reset_index()
        by = daily.groupby("customer")
        first, last = by["date"].min(), by["date"].max()
        frequency = by.size() - 1
        repeat = daily[daily["date"].ne(daily["customer"].map(first))].groupby("customer")["amount"].sum()
        return pd.DataFrame(
            {
                "frequency": frequency,
                "recency": (last - first).dt.days,
                "age": (end - first).dt.days,
                "mean_spend": repeat.reindex(frequency.index) / frequency,
            }
        )

    return work, _told


def polars_query(path: str, options: Options) -> Task:
    """The same histories by Polars: transactions to days, days to customers."""
    import polars as pl

    log = read_log(path, options)
    end, frame = log["date"].max(), pl.DataFrame(log)
    col = pl.col

    def work() -> Any:
        daily = frame.lazy().group_by("customer", "date").agg(col("amount").sum())
        by = daily.group_by("customer").agg(
            (pl.len() - 1).alias("frequency"),
            col("date").min().alias("first"),
            col("date").max().alias("last"),
            (col("amount").sum() - col("amount").get(col("date").arg_min())).alias("repeat"),
        )
        return by.select(
            "customer",
            "frequency",
            (col("last") - col("first")).dt.total_days().alias("recency"),
            (pl.lit(end) - col("first")).dt.total_days().alias("age"),
            (col("repeat") / pl.when(col("frequency") > 0).then(col("frequency"))).alias("mean_spend"),
        ).collect()

    return work, lambda frame: _told(frame.to_pandas())


def duckdb_query(path: str, options: Options) -> Task:
    """The same histories by DuckDB."""
    import duckdb
    import pandas as pd

    log = read_log(path, options)
    end, frame = pd.Timestamp(log["date"].max()), pd.DataFrame(log)
    query = f"""
        with daily as (
            select customer, date_trunc('day', date) as day, sum(amount) as amount
            from frame group by all
        )
        select
            customer,
            count(*) - 1 as frequency,
            date_diff('day', min(day), max(day)) as recency,
            date_diff('day', min(day), timestamp '{end}') as age,
            (sum(amount) - arg_min(amount, day)) / nullif(count(*) - 1, 0) as mean_spend
        from daily group by customer
    """
    connection = duckdb.connect()
    connection.register("frame", frame)
    return lambda: connection.sql(query).df(), _told


def lazy_chain(path: str, options: Options) -> Task:
    """A Parquet file to sufficient statistics: inside DuckDB with little memory, or read into memory."""
    import duckdb
    import pandas as pd

    with np.load(options["log"]) as log:
        end = dates(log["day"].max()).astype("datetime64[D]").item()

    def work() -> Any:
        if options["engine"] == "memory":
            return _statistics(_summarise(pd.read_parquet(path), end))
        connection = duckdb.connect(config={"memory_limit": "300MB", "temp_directory": options["spill"]})
        return _statistics(_summarise(connection.read_parquet(path), end))

    return work, lambda statistics: _parameters(*statistics)


def _statistics(histories: Any) -> tuple[Any, Any]:
    return histories.sufficient_statistics(), histories.spend_statistics()


def _parameters(counts: Any, spend: Any) -> dict[str, Any]:
    columns = (counts.frequency, counts.recency, counts.age, counts.weight)
    return {
        "counts": hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest(),
        "bg_nbd": cc.fit_bg_nbd(counts).model.parameters.tolist(),
        "pareto_nbd": cc.fit_pareto_nbd(counts).model.parameters.tolist(),
        "gamma_gamma": cc.fit_gamma_gamma(spend).model.parameters.tolist(),
        "spend": float((spend.weight * spend.frequency) @ spend.mean_spend),
    }


def read_survey(path: str, engine: str) -> Any:
    """The group and the rating of each answer, as a frame in memory or a relation."""
    columns = ["segment", "rating"]
    if engine == "pandas":
        import pandas as pd

        return pd.read_parquet(path, columns=columns)
    if engine == "polars":
        import polars as pl

        return pl.read_parquet(path, columns=columns)
    if engine == "pyarrow":
        import pyarrow.parquet as pq

        return pq.read_table(path, columns=columns)
    import duckdb

    return duckdb.connect().read_parquet(path)


def survey(path: str, options: Options) -> Task:
    """Scores of groups with intervals, shrunken scores and ranks."""
    frame = read_survey(path, options["frame"])

    def told(found: Any) -> dict[str, Any]:
        groups = found.frame
        if options["frame"] == "duckdb":
            return _told_scores(groups.df()["score"])
        return _told_scores(groups["score"])

    return lambda: cc.nps_by(frame, "segment", rating="rating"), told


def reading(path: str, options: Options) -> Task:
    """The two columns from their file."""
    return lambda: read_survey(path, options["frame"]), lambda _: {}


def survey_by_pandas(path: str, options: Options) -> Task:
    """The scores alone by pandas."""
    frame = read_survey(path, options["frame"])

    def work() -> Any:
        answers = frame[frame["rating"].notna()]
        net = (answers["rating"] >= 9).astype("int8") - (answers["rating"] <= 6).astype("int8")
        return 100 * net.groupby(answers["segment"]).mean()

    return work, _told_scores


def survey_by_polars(path: str, options: Options) -> Task:
    """The scores alone by Polars."""
    import polars as pl

    frame, rating = read_survey(path, options["frame"]), pl.col("rating")
    score = 100 * ((rating >= 9).mean() - (rating <= 6).mean())
    return (
        lambda: frame.lazy().group_by("segment").agg(score=score).collect(),
        lambda found: _told_scores(found["score"]),
    )


def survey_by_duckdb(path: str, options: Options) -> Task:
    """The scores alone by DuckDB."""
    answers = read_survey(path, options["frame"])
    query = """
        select segment, 100 * (avg((rating >= 9)::int) - avg((rating <= 6)::int)) as score
        from answers group by segment
    """
    return lambda: answers.query("answers", query).df(), lambda found: _told_scores(found["score"])


def _told_scores(scores: Any) -> dict[str, Any]:
    return {"groups": len(scores), "scores": float(np.sum(np.asarray(scores)))}


TASKS = {
    "summarise": summarise,
    "fit": fit,
    "judge": judge,
    "predict": predict,
    "value": value,
    "chain": chain,
    "stages": stages,
    "summarise pandas": group_by,
    "summarise polars": polars_query,
    "summarise duckdb": duckdb_query,
    "survey": survey,
    "survey pandas": survey_by_pandas,
    "survey polars": survey_by_polars,
    "survey duckdb": survey_by_duckdb,
    "survey reading the columns": reading,
    "lazy_chain": lazy_chain,
}
