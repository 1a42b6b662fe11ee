"""What is measured: one case a row of the table, with the ratio to lifetimes that is to be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OURS = "customer_centric"
BY_HAND = ("pandas", "polars", "duckdb")
READING = "reading the columns"
PEERS = ("lifetimes", "pymc-marketing")


@dataclass(frozen=True, slots=True)
class Case:
    """One row: the task each library does on one input.

    `goals` are ratios, the time of a peer over ours, that are to be reached.
    """

    key: str
    title: str
    task: str
    source: str
    options: Mapping[str, object] = field(default_factory=dict)
    libraries: tuple[str, ...] = (OURS, *PEERS)
    goals: Mapping[str, float] = field(default_factory=dict)
    only_long: bool = False
    module: str | None = None
    """Where our tasks and those by hand are, where they are not among the others."""

    @property
    def group(self) -> str:
        """The section of the table."""
        return self.key.split("/")[0]


GROUPS = {
    "histories": "Purchase histories from transactions in memory",
    "fits": "Maximum-likelihood fits",
    "forecasts": "Forecasts for 1,000,000 customers",
    "chain": "Transactions in memory to the lifetime value of each customer",
    "surveys": "Scores of 1,000 groups from 10 million answers",
    "growth": "Growth with the number of transactions",
    "churn": "Survival and churn",
    "segments": "10 million customers from 20 million sales in memory",
    "journeys": "10 million events to signals, score and loss in memory",
    "lazy": "A Parquet file inside DuckDB, with 300 MB of memory",
}


def _histories() -> list[Case]:
    everybody = (OURS, *PEERS, *BY_HAND)
    named = "{} million transactions, {}"
    return [
        Case(
            f"histories/{millions}m-{order}",
            named.format(millions, {"time": "in order of time", "shuffled": "shuffled"}[order]),
            "summarise",
            f"log-{millions * 1_000_000}",
            {"order": order},
            everybody,
            {"lifetimes": goal},
            only_long=millions > 10,
        )
        for millions, goal in ((1, 13.3), (10, 22.5), (50, 11.0))
        for order in ("time", "shuffled")
        if millions <= 10 or order == "time"
    ] + [
        Case(
            "histories/1m-text",
            named.format(1, "ids are text"),
            "summarise",
            "log-1000000",
            {"order": "time", "ids": "text"},
            everybody,
        )
    ]


_NAMES = {"bg_nbd": "BG/NBD", "pareto_nbd": "Pareto/NBD", "gamma_gamma": "Gamma-Gamma"}
# The model, the number of customers, and how many times the speed of lifetimes is to be reached.
_FIT_GOALS = (
    ("bg_nbd", 2357, 26),
    ("pareto_nbd", 2357, 25),
    ("gamma_gamma", 2357, 34),
    ("bg_nbd", 23570, 110),
    ("pareto_nbd", 23570, 97),
    ("gamma_gamma", 23570, None),
    ("bg_nbd", 100_000, 74),
    ("pareto_nbd", 100_000, 203),
    ("gamma_gamma", 100_000, None),
    ("bg_nbd", 1_000_000, 108),
    ("pareto_nbd", 1_000_000, 403),
    ("gamma_gamma", 1_000_000, 162),
)


def _fits() -> list[Case]:
    cases: list[Case] = []
    for model, n_customers, goal in _FIT_GOALS:
        drawn = "pareto_nbd" if model == "pareto_nbd" else "bg_nbd"
        source = "cdnow" if n_customers < 100_000 else drawn
        where = ", CDNOW" if source == "cdnow" else ""
        cases.append(
            Case(
                f"fits/{model}-{n_customers}",
                f"{_NAMES[model]}, {n_customers:,} customers{where}",
                "fit",
                f"histories-{source}-{n_customers}",
                {"model": model},
                goals={} if goal is None else {"lifetimes": goal},
            )
        )
    return cases


def _forecasts() -> list[Case]:
    def case(key: str, title: str, task: str, goal: float | None, model: str, **options: object) -> Case:
        libraries = (OURS,) if options.get("intervals") else (OURS, *PEERS)
        goals = {} if goal is None else {"lifetimes": goal}
        source = f"histories-{model}-1000000"
        return Case(f"forecasts/{key}", title, task, source, {"model": model, **options}, libraries, goals)

    year = "12-month discounted lifetime value"
    return [
        case("bg-alive", "BG/NBD probability alive", "predict", 2.0, "bg_nbd", what="alive"),
        case("bg-purchases", "BG/NBD expected purchases", "predict", 12.3, "bg_nbd", what="purchases"),
        case(
            "pareto",
            "Pareto/NBD probability alive and expected purchases",
            "predict",
            2.9,
            "pareto_nbd",
            what="alive purchases",
        ),
        case("value", f"{year}, BG/NBD", "value", 166.0, "bg_nbd"),
        case("value-pareto", f"{year}, Pareto/NBD", "value", None, "pareto_nbd"),
        case(
            "value-intervals", f"{year} with all intervals, BG/NBD", "value", None, "bg_nbd", intervals=True
        ),
    ]


def _chain() -> list[Case]:
    title = "10 million transactions, 3.5 million customers"
    return [
        Case(
            "chain/10m",
            title,
            "chain",
            "log-10000000",
            goals={"lifetimes": 25.0, "pymc-marketing": 10.0},
        ),
        Case(
            "chain/10m-intervals",
            f"{title}, with all intervals",
            "chain",
            "log-10000000",
            {"intervals": True},
            (OURS,),
        ),
    ]


def _churn() -> list[Case]:
    durations = (
        ("1m", "1 million durations, whole days", "days-1000000"),
        ("10m", "10 million durations, whole days", "days-10000000"),
        ("10m-distinct", "10 million durations, all distinct", "distinct-10000000"),
    )
    subscriptions = {"single": "one a customer", "several": "0.8 customers a row"}
    by_hand = (OURS, "pandas", READING)
    return [
        *(
            Case(
                f"churn/curve-{key}",
                f"Kaplan-Meier of {title}",
                "survival",
                f"durations-{source}",
                libraries=(OURS, "lifelines"),
                goals={"lifelines": 10.0},
                module="tasks_churn",
            )
            for key, title, source in durations
        ),
        *(
            Case(
                f"churn/period-{kind}",
                f"Churn rate of a year from 10 million subscriptions, {title}",
                "period churn",
                f"parquet-subscriptions-{kind}-10000000",
                {"columns": "subscriptions"},
                by_hand,
                # At most twice as long as reading.
                goals={READING: 0.5},
                module="tasks_churn",
            )
            for kind, title in subscriptions.items()
        ),
        Case(
            "churn/triangle",
            "Retention triangle by month of 10 million transactions",
            "triangle",
            "log-10000000",
            libraries=(OURS, "pandas"),
            module="tasks_churn",
        ),
    ]


def _surveys() -> list[Case]:
    """Ours gives intervals, shrunken scores and ranks; the queries by hand give scores alone."""
    lazy = {"duckdb": (OURS, "duckdb")}
    hands = {"pandas": ("pandas",), "polars": ("polars",), "pyarrow": ()}
    kinds = {"int": "whole numbers", "text": "text"}
    return [
        Case(
            f"surveys/{engine}-{kind}",
            f"{engine}, groups are {kinds[kind]}",
            "survey",
            f"survey-{kind}-10000000",
            {"frame": engine},
            lazy.get(engine) or (OURS, *hands[engine], READING),
        )
        for engine in ("pandas", "polars", "pyarrow", "duckdb")
        for kind in kinds
    ]


def _segments() -> list[Case]:
    steps = {
        "profit": "Profit of each customer",
        "whale": "Whale curve; ours with its interval",
        "rfm": "RFM scores by mid-ranks; ours exact, with thresholds",
        "tiers": "Tiers by thresholds in money",
        "chain": "All four, one after another",
    }
    return [
        Case(
            f"segments/{step}",
            title,
            "segments",
            "sales-20000000",
            {"step": step},
            (OURS, "pandas"),
            {"pandas": 3.0} if step == "chain" else {},
            module="tasks_segments",
        )
        for step, title in steps.items()
    ]


def _journeys() -> list[Case]:
    # A third of the speed of counting pairs in pandas is the least; the count is no peer of the rest.
    return [
        Case(
            f"journeys/{order}-{draws}",
            f"Events {said}; {'no limits' if draws == 1 else f'{draws} draws'}; pandas counts pairs alone",
            "journeys",
            "events-1750000",
            {"order": order, "draws": draws},
            (OURS, "pandas"),
            {"pandas": 1 / 3} if draws == 1 else {},
            module="tasks_journey",
        )
        for order, said in {"journey": "journey by journey", "time": "in order of time"}.items()
        for draws in (1, 200)
    ]


GROWTH_ROWS = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)


def _growth() -> list[Case]:
    return [
        Case(f"growth/{rows}", f"{rows:,} transactions", "stages", f"log-{rows}", libraries=(OURS,))
        for rows in GROWTH_ROWS
    ]


def _lazy() -> list[Case]:
    titles = {"duckdb": "inside DuckDB", "memory": "read into memory with pandas"}
    return [
        Case(
            f"lazy/{engine}",
            f"10 million transactions to sufficient statistics, {title}",
            "lazy_chain",
            "parquet-10000000",
            {"engine": engine},
            (OURS,),
        )
        for engine, title in titles.items()
    ]


CASES = (
    *_histories(),
    *_fits(),
    *_forecasts(),
    *_chain(),
    *_surveys(),
    *_churn(),
    *_segments(),
    *_journeys(),
    *_growth(),
    *_lazy(),
)
