"""What makes a customer valuable: a list, and what it is worth in money; no score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_centric._core.checks import check_array, check_confidence_level
from customer_centric._core.words import as_html, counted
from customer_centric.errors import InvalidInputError
from customer_centric.segments._means import difference_of, mean_of
from customer_centric.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ValueProfile", "value_profile"]

_MONEY: Final = ("core_margin", "cross_sell_margin", "referral_value", "service_cost", "concessions")
_OTHERS: Final = ("years_as_customer", "relative_frequency")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ValueProfile:
    """What customers are, trait by trait, and what those that are money add up to.

    Parameters
    ----------
    years_as_customer, relative_frequency : ndarray of shape (n_customers,)
        How long each has been a customer, and how near the best frequency of the sector.
    core_margin, cross_sell_margin, referral_value : ndarray of shape (n_customers,)
        Money per customer and year.
    service_cost, concessions : ndarray of shape (n_customers,)
        What each costs, in money per year.
    money : ndarray of shape (n_customers,)
        The first three less the last two.
    cross_sell_share : ndarray of shape (n_customers,)
        Cross-sold margin over all margin; NaN where there is no margin.
    """

    years_as_customer: FloatArray
    relative_frequency: FloatArray
    core_margin: FloatArray
    cross_sell_margin: FloatArray
    referral_value: FloatArray
    service_cost: FloatArray
    concessions: FloatArray
    money: FloatArray
    cross_sell_share: FloatArray

    def to_frame(self) -> pd.DataFrame:
        """A row a customer, a column a trait."""
        import pandas as pd

        names = (*_OTHERS, *_MONEY, "money", "cross_sell_share")
        return pd.DataFrame({name: getattr(self, name) for name in names})

    def compare(self, selected: ArrayLike, *, confidence_level: float = 0.95) -> pd.DataFrame:
        """What the selected customers are, beside the others.

        Parameters
        ----------
        selected : array_like of bool of shape (n_customers,)
            Who they are. Chosen by one of the traits they differ in it by construction.
        confidence_level : float, default 0.95
            Nominal coverage of the intervals, strictly between 0 and 1.

        Returns
        -------
        pandas.DataFrame
            A row a trait: `trait`, `selected` and `others` (means), `difference` with `lower` and `upper`
            (Welch), `reason` where there are no bounds.

        Raises
        ------
        InvalidInputError
            If `selected` is not one true or false a customer.
        """
        check_confidence_level(confidence_level)
        chosen = np.asarray(selected)
        if chosen.dtype != np.bool_ or chosen.shape != self.money.shape:
            raise InvalidInputError(
                f"`selected` must be one true or false a customer, got {chosen.dtype} of shape "
                f"{chosen.shape} for {self.money.size} customers"
            )
        rows: list[dict[str, object]] = []
        for name in (*_OTHERS, *_MONEY, "money"):
            values: FloatArray = getattr(self, name)
            first, second = values[chosen], values[~chosen]
            found = difference_of(first, second, confidence_level)
            bounds = found.interval
            rows.append(
                {
                    "trait": name,
                    "selected": first.mean() if first.size else np.nan,
                    "others": second.mean() if second.size else np.nan,
                    "difference": found.value,
                    "lower": np.nan if bounds is None else bounds.lower,
                    "upper": np.nan if bounds is None else bounds.upper,
                    "reason": found.reason,
                }
            )
        import pandas as pd

        return pd.DataFrame(rows)

    def summary(self, *, confidence_level: float = 0.95) -> pd.DataFrame:
        """Means of all customers: `trait`, `mean`, `lower`, `upper`, `reason` where there are no bounds.

        Parameters
        ----------
        confidence_level : float, default 0.95
            Nominal coverage of the intervals, strictly between 0 and 1.
        """
        import pandas as pd

        check_confidence_level(confidence_level)
        rows: list[dict[str, object]] = []
        for name in (*_OTHERS, *_MONEY, "money"):
            found = mean_of(getattr(self, name), confidence_level)
            bounds = found.interval
            rows.append(
                {
                    "trait": name,
                    "mean": found.value,
                    "lower": np.nan if bounds is None else bounds.lower,
                    "upper": np.nan if bounds is None else bounds.upper,
                    "reason": found.reason,
                }
            )
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        return (
            f"{counted(self.money.size, 'customer')} worth {self.money.mean():,.2f} a year on average, "
            f"{int((self.money < 0).sum()):,} of them a loss"
        )

    def _repr_html_(self) -> str:
        return as_html(self, frame=self.summary())


def value_profile(
    *,
    years_as_customer: ArrayLike,
    relative_frequency: ArrayLike,
    core_margin: ArrayLike,
    cross_sell_margin: ArrayLike = 0.0,
    referral_value: ArrayLike = 0.0,
    service_cost: ArrayLike = 0.0,
    concessions: ArrayLike = 0.0,
) -> ValueProfile:
    r"""The valuable customer, trait by trait: stays, comes often, buys more, recommends; less the costs.

    Parameters
    ----------
    years_as_customer : array_like of shape (n_customers,)
        Years since the first purchase, 0 or more.
    relative_frequency : array_like of shape (n_customers,)
        Frequency beside the best of the sector, as `relative_frequency` gives it, in [0, 1].
    core_margin : array_like of shape (n_customers,)
        Margin of the products for which customers come, per year, in money, before the costs below.
    cross_sell_margin : array_like, default 0
        Margin of all other products per year, in money.
    referral_value : array_like, default 0
        Value of the customers that each brings, per year, in money.
    service_cost : array_like, default 0
        Cost of the attention that each takes, per year, in money, 0 or more.
    concessions : array_like, default 0
        Discounts and favours that the margins do not know of, per year, in money, 0 or more.

    Returns
    -------
    ValueProfile
        The traits of each customer, their sum in money, and comparisons.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule, lengths differ, or there is no customer.

    Notes
    -----
    \[ \text{money}_i = \text{core}_i + \text{cross-sold}_i + \text{referrals}_i
       - \text{service}_i - \text{concessions}_i . \]

    Only what is money is added up. Years and frequency are no money: what they bring is in the margins
    already, and a score that added them would count it twice, by weights that nobody can defend.

    Examples
    --------
    >>> profile = value_profile(
    ...     years_as_customer=[8, 1],
    ...     relative_frequency=[1.0, 0.4],
    ...     core_margin=[900, 300],
    ...     cross_sell_margin=[100, 200],
    ...     service_cost=[950, 20],
    ...     concessions=[200, 0],
    ... )
    >>> profile.money.tolist()
    [-150.0, 480.0]
    """
    years = check_array("years_as_customer", years_as_customer, minimum=0.0)
    if years.ndim != 1 or years.size == 0:
        raise InvalidInputError(
            "`years_as_customer` must be one number a customer, for one customer or more, got shape "
            f"{years.shape}"
        )
    traits = {
        "relative_frequency": check_array("relative_frequency", relative_frequency, minimum=0.0, maximum=1.0),
        "core_margin": check_array("core_margin", core_margin),
        "cross_sell_margin": check_array("cross_sell_margin", cross_sell_margin),
        "referral_value": check_array("referral_value", referral_value),
        "service_cost": check_array("service_cost", service_cost, minimum=0.0),
        "concessions": check_array("concessions", concessions, minimum=0.0),
    }
    full: dict[str, NDArray[Any]] = {"years_as_customer": years}
    for name, values in traits.items():
        if values.shape not in {(), years.shape}:
            raise InvalidInputError(
                f"`{name}` must be one number a customer, got shape {values.shape} for {years.size} customers"
            )
        full[name] = np.broadcast_to(values, years.shape)
    margin = full["core_margin"] + full["cross_sell_margin"]
    share = np.full(years.shape, np.nan)
    np.divide(full["cross_sell_margin"], margin, out=share, where=margin > 0)
    money = margin + full["referral_value"] - full["service_cost"] - full["concessions"]
    return ValueProfile(**full, money=money, cross_sell_share=share)
