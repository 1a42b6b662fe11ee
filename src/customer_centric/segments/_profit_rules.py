"""Where the money of a customer is told, and what it may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import narwhals.stable.v2 as nw

from customer_centric._core.frames.problems import in_column
from customer_centric.errors import InvalidInputError

COLUMNS: Final = (
    "revenue",
    "product_cost",
    "returns",
    "concessions",
    "cost_to_serve",
    "profit",
    "acquisition_cost",
)
COSTS: Final = ("product_cost", "returns", "concessions", "cost_to_serve")
NOT_NEGATIVE: Final = "finite numbers of at least 0"
FINITE: Final = "finite numbers"
NO_UNIT_COST: Final = "activities with a unit cost"
UNIT_COST_REMEDY: Final = "add it to `unit_costs`; what costs nothing is 0"
QUANTITY_REMEDY: Final = "correct these contacts, or leave them out and count them"
_SIGN: Final = "write money given away as a positive number"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfitRules:
    """Columns by role; `unit_costs` by activity."""

    customer: str
    amount: str
    cost: str | None
    margin_rate: float | None
    returns: str | None
    concessions: tuple[str, ...]
    acquisition_cost: str | None
    contact_customer: str
    activity: str | None
    quantity: str | None
    unit_costs: dict[str, float]

    def columns_of_sales(self) -> dict[str, str | None]:
        """Arguments and their columns in the frame of transactions."""
        return {
            "customer": self.customer,
            "amount": self.amount,
            "cost": self.cost,
            "returns": self.returns,
            **self._concessions(),
            "acquisition_cost": self.acquisition_cost,
        }

    def columns_of_contacts(self) -> dict[str, str | None]:
        """Arguments and their columns in the frame of contacts."""
        return {
            "contact_customer": self.contact_customer,
            "activity": self.activity,
            "quantity": self.quantity,
        }

    def money(self) -> list[tuple[str, str, bool, str]]:
        """Argument and column of each sum of money, whether it may be negative, and the remedy."""
        signed = self.margin_rate is None
        refunds = "give what was paid back as `returns`, or what the goods cost as `cost`"
        found = [("amount", self.amount, signed, refunds)]
        if self.cost is not None:
            found.append(("cost", self.cost, True, ""))
        if self.returns is not None:
            found.append(("returns", self.returns, False, _SIGN))
        found += [(role, column, False, _SIGN) for role, column in self._concessions().items()]
        if self.acquisition_cost is not None:
            found.append(("acquisition_cost", self.acquisition_cost, False, _SIGN))
        return found

    def _concessions(self) -> dict[str, str]:
        if len(self.concessions) == 1:
            return {"concessions": self.concessions[0]}
        return {f"concessions[{place}]": column for place, column in enumerate(self.concessions)}


def no_unit_cost(activity: object, n_activities: int) -> str:
    """What the message says of an activity that nobody priced."""
    more = f" and {n_activities - 1:,} more" if n_activities > 1 else ""
    return f"{activity!r}{more}"


def refuse_other_ids(sales: nw.dtypes.DType, contacts: nw.dtypes.DType, column: str) -> None:
    """Ids of sales and of contacts are both whole numbers or both text."""
    if sales.is_integer() != contacts.is_integer():
        raise InvalidInputError(
            f"{in_column('contact_customer', column)} must be of the type of `customer`, got {contacts} and "
            f"{sales}; cast one of them"
        )


def result_of(role: str) -> str:
    """The column of the result that the column of an argument is added to."""
    return {"amount": "revenue", "cost": "product_cost"}.get(role, role.partition("[")[0])
