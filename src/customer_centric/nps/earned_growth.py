"""How much of the growth customers and their recommendations earn."""

from __future__ import annotations

from dataclasses import dataclass

from customer_centric._core.checks import check_number
from customer_centric._core.words import as_html

__all__ = ["EarnedGrowth", "earned_growth_rate"]

_REMEDY = "shares are fractions of last year's revenue: 85 % is written 0.85"


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnedGrowth:
    """Growth that customers earn, with bounds where it is not known why some of them came.

    Parameters
    ----------
    rate : float
        Earned growth per year, as a fraction, if of the new revenue of unknown origin none was earned.
    highest : float
        The same if all of it was. No interval of chance: the truth is in between, wherever reasons are true.
    net_retention : float
        Revenue of last year's customers, over last year's revenue.
    earned_new_share, unknown_new_share : float
        Revenue of new customers who came by recommendation, and of those of whom it is not known, over last
        year's revenue.
    """

    rate: float
    highest: float
    net_retention: float
    earned_new_share: float
    unknown_new_share: float

    def __str__(self) -> str:
        rate = f"{100 * self.rate:.1f} %"
        if self.unknown_new_share > 0:
            rate = f"between {rate} and {100 * self.highest:.1f} %"
        return (
            f"Earned growth rate {rate}: last year's customers bring {100 * self.net_retention:.1f} % of "
            f"last year's revenue, new ones who were recommended {100 * self.earned_new_share:.1f} %"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def earned_growth_rate(
    net_retention: float, earned_new_share: float, *, unknown_new_share: float = 0.0
) -> EarnedGrowth:
    r"""Growth from customers who stay and from those they bring, leaving out growth that was bought.

    Parameters
    ----------
    net_retention : float
        Revenue this year of the customers of last year, over the revenue of last year: 0 or more, 1 where
        expansion makes up for losses.
    earned_new_share : float
        Revenue this year of new customers who came by recommendation, over the revenue of last year: 0 or
        more.
    unknown_new_share : float, default 0
        Revenue this year of new customers of whom it is not known why they came, over the revenue of last
        year: 0 or more.

    Returns
    -------
    EarnedGrowth
        `rate` and `highest`, fractions per year; -1 is the loss of everything.

    Raises
    ------
    InvalidInputError
        If a share is negative or not finite.

    Notes
    -----
    With \(\mathrm{NRR}\) the net revenue retention, \(\mathrm{ENC}\) the share of earned new customers and
    \(U\) that of new customers whose reason is not known,

    \[ \mathrm{NRR} + \mathrm{ENC} - 1 \;\le\; \mathrm{EGR} \;\le\; \mathrm{NRR} + \mathrm{ENC} + U - 1 . \]

    References
    ----------
    Reichheld, F., Darnell, D. and Burns, M. (2021), Net Promoter 3.0. Harvard Business Review 99(6), 80-89.

    Reichheld, F. (2021), Winning on Purpose. Harvard Business Review Press, appendix B.

    Examples
    --------
    Revenue grew from 100 to 130: 85 from last year's customers, 25 from new ones who were recommended, 20
    from new ones who were bought.

    >>> growth = earned_growth_rate(0.85, 0.25)
    >>> round(growth.rate, 4)
    0.1
    """
    kept, earned, unknown = (
        check_number(name, value, minimum=0.0, remedy=_REMEDY)
        for name, value in (
            ("net_retention", net_retention),
            ("earned_new_share", earned_new_share),
            ("unknown_new_share", unknown_new_share),
        )
    )
    rate = kept + earned - 1.0
    return EarnedGrowth(
        rate=rate,
        highest=rate + unknown,
        net_retention=kept,
        earned_new_share=earned,
        unknown_new_share=unknown,
    )
