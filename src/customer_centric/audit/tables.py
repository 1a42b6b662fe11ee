"""The tables of an audit as rows of words, the same in the text and on the page."""

from __future__ import annotations

from collections.abc import Sequence

from customer_centric.audit import words
from customer_centric.audit.plain import Estimate
from customer_centric.audit.report import AuditReport, FittedModel, ModelScore
from customer_centric.audit.table import Table

__all__: list[str] = []


def log_table(report: AuditReport) -> Table:
    """What was read, merged and left out."""
    rows = tuple((item.what, words.count(item.count)) for item in report.log)
    return Table("What was read", ("what", "count"), rows, widest=70)


def score_table(report: AuditReport) -> Table | None:
    """The models side by side, best first."""
    if report.holdout is None:
        return None
    scores = report.holdout.scores
    names = [score.name for score in scores]
    marked = names.index(report.purchases.name) if report.purchases.name in names else None
    head = ("model", "parameters", "log-score", "behind the best by", "total", "error")
    return Table(
        "Models, judged on days they had not seen",
        head,
        tuple(_score_row(score, scores[0]) for score in scores),
        marked=marked,
        note=" ".join([_SCORE_NOTE, *map(_excuse, scores)]).rstrip(),
    )


_SCORE_NOTE = (
    "Log-score: mean log-probability of what each customer did; higher is better, and the difference to the "
    "best stands with its standard error. Total: expected over actual purchases. Error: mean absolute "
    "difference a customer."
)


def _excuse(score: ModelScore) -> str:
    return f"{score.name} was fitted at a limit: {score.boundary}." if score.boundary is not None else ""


def _score_row(score: ModelScore, best: ModelScore) -> tuple[str, ...]:
    behind = words.MISSING
    if score.behind is not None and score.behind_error is not None and score is not best:
        behind = f"{score.behind:.4f} (+/- {score.behind_error:.4f})"
    return (
        score.name,
        str(score.n_parameters) if score.n_parameters else words.MISSING,
        words.MISSING if score.log_score is None else f"{score.log_score:.4f}",
        behind,
        words.MISSING if score.total_error is None else words.signed_share(score.total_error),
        words.MISSING if score.mean_absolute_error is None else f"{score.mean_absolute_error:.3f}",
    )


def class_table(report: AuditReport) -> Table | None:
    """Expected and actual purchases by what was seen before."""
    if report.holdout is None:
        return None
    rows = tuple(
        (row.label, words.count(row.customers), f"{row.actual:.2f}", f"{row.expected:.2f}")
        for row in report.holdout.classes
    )
    return Table(
        "Purchases a customer in the holdout, by repeat purchases before it",
        ("repeat purchases before", "customers", "actual", "expected"),
        rows,
    )


def parameter_table(model: FittedModel) -> Table:
    """Parameters with their uncertainty."""
    rows = tuple(
        (
            parameter.name,
            _significant(parameter.estimate.value),
            words.MISSING if parameter.standard_error is None else _significant(parameter.standard_error),
            _bounds(parameter.estimate),
        )
        for parameter in model.parameters
    )
    limit = f" It lies at a limit of the model: {model.boundary}." if model.boundary else ""
    return Table(
        f"{model.name}, fitted to {words.count(model.customers)} customers",
        ("parameter", "estimate", "standard error", "interval"),
        rows,
        note=f"Log-likelihood {model.log_likelihood:,.2f}.{limit}",
    )


def _significant(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1e5 else f"{value:.3e}"


def _bounds(estimate: Estimate) -> str:
    if estimate.lower is None or estimate.upper is None:
        return words.MISSING
    return f"{_significant(estimate.lower)} to {_significant(estimate.upper)}"


def group_table(report: AuditReport) -> Table:
    """Tenths of the customers by value."""
    digits = words.decimals(group.value for group in report.groups)
    rows = tuple(
        (
            group.label,
            words.count(group.customers),
            words.amount(group.value, digits),
            words.share(group.share, 1),
            words.share(group.cumulative_share, 1),
        )
        for group in report.groups
    )
    return Table(
        "Lifetime value by group, most valuable first",
        ("group", "customers", "value", "share", "together"),
        rows,
    )


def customer_table(report: AuditReport) -> Table:
    """The most valuable customers."""
    top, settings = report.top, report.settings
    value_digits = words.decimals(row.lifetime_value.value for row in top)
    spends = [row.expected_spend.value if row.expected_spend else None for row in top]
    spend_digits = words.decimals(spends)
    rows = tuple(
        (
            row.customer,
            str(row.frequency),
            f"{row.recency:,.1f}",
            f"{row.age:,.1f}",
            words.share(row.probability_alive.value, 1),
            words.amount(row.expected_purchases.value, 1),
            words.MISSING if spend is None else words.amount(spend, spend_digits),
            words.amount(row.lifetime_value.value, value_digits),
            words.interval(row.predicted_value, value_digits),
        )
        for row, spend in zip(top, spends, strict=True)
    )
    level = words.share(settings.confidence_level)
    return Table(
        "The most valuable customers",
        (
            "customer",
            "repeats",
            "recency",
            "age",
            "alive",
            "purchases",
            "spend",
            "value",
            f"{level} between",
        ),
        rows,
        note=(
            f"Recency and age in {settings.unit}s; alive: probability of being active on "
            f"{words.day(settings.end)}; purchases: expected in {words.near(report)}; spend: expected a "
            f"purchase; value: expected discounted margin in {words.far(report)}; between: where the margin "
            f"of this one customer will fall in {level} of cases."
        ),
        widest=14,
    )


def all_tables(report: AuditReport) -> Sequence[Table]:
    """Every table, in the order of the report."""
    models = [report.purchases] if report.spend is None else [report.purchases, report.spend]
    optional = [log_table(report), score_table(report), class_table(report)]
    tables = [table for table in optional if table is not None]
    return [*tables, group_table(report), customer_table(report), *(parameter_table(m) for m in models)]
