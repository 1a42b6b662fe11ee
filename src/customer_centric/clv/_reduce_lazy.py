"""Histories of a lazy log: the same definitions as expressions, computed where the rows are.

Only plain sums, minima, maxima and counts of groups and one minimum over a window are used: they mean the
same in every engine. Whole numbers are exact, so counts equal those of the path in memory; sums of money
differ in the last bits, because engines add in different orders.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, cast

import narwhals.stable.v2 as nw

from customer_centric._core.frames.lazy import LazyFrame, sort_by
from customer_centric.clv._inspect import LogInspection, inspect_log
from customer_centric.clv._rules import SummaryRules, warn_unless_poisson
from customer_centric.clv._table import NO_AMOUNT, NO_HOLDOUT, HistoryTable, sorted_spend
from customer_centric.clv.counts import HistoryCounts, HoldoutCounts, SpendCounts
from customer_centric.clv.coverage import Coverage, PurchaseTiming
from customer_centric.errors import InvalidInputError
from customer_centric.typing import FrameT


@dataclass(frozen=True, slots=True, eq=False)
class LazySource(Generic[FrameT]):
    """Histories of a log that stays in its engine; nothing is computed before a result is asked for."""

    log: LazyFrame[FrameT]
    rules: SummaryRules
    # The one thing that is remembered: the checks of the data pass once.
    seen: dict[str, LogInspection] = field(default_factory=dict[str, LogInspection])

    def frame(self) -> FrameT:
        """One row a customer, still lazy."""
        self.inspect()
        rows = sort_by(frame_query(self.log, self.rules), "customer")
        return cast("FrameT", rows.to_native())

    def inspect(self) -> LogInspection:
        """What one pass over the log says of its rows, which are then known to be sound."""
        if "log" not in self.seen:
            self.seen["log"] = inspect_log(self.log, self.rules)
        return self.seen["log"]

    def history_counts(self) -> HistoryCounts:
        """Distinct histories."""
        table = self._table(holdout=False)
        counts = table.history_counts()
        frequency, age = counts.weight @ counts.frequency, counts.weight @ counts.age
        warn_unless_poisson(float(frequency), float(age), self.rules, stacklevel=4)
        return counts

    def holdout_counts(self) -> HoldoutCounts:
        """Distinct histories with what came after them."""
        if self.rules.calibration_end is None:
            raise InvalidInputError(NO_HOLDOUT)
        return self._table(holdout=True).holdout_counts()

    def spend_counts(self) -> SpendCounts:
        """Repeat purchases and their mean value."""
        if self.rules.amount_column is None:
            raise InvalidInputError(NO_AMOUNT)
        self.inspect()
        customers = with_means(_customers(_purchases(self.log, self.rules), self.rules))
        spent = customers.filter((nw.col("x") > 0) & (nw.col("mean_spend") > 0))
        counts = spent.group_by("x", "mean_spend").agg(weight=nw.len())
        columns = self.log.collect_arrays(counts)
        if not columns["x"].size:
            n = self.history_counts().n_customers
            return HistoryTable.without_spend(int(n))
        return sorted_spend(columns["x"], columns["mean_spend"], columns["weight"])

    def timing(self) -> PurchaseTiming:
        """First and repeat purchases in each period."""
        ...

    def coverage(self) -> Coverage:
        """What became of rows and customers."""
        ...

    def explain(self, customer: object) -> str:
        """How the numbers of one customer come about."""
        self.inspect()
        ...
