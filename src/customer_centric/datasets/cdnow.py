"""The CDNOW sample: the purchases that the models of repeat buying were published with."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["load_cdnow_sample"]


def load_cdnow_sample() -> pd.DataFrame:
    """Purchases of 2,357 customers of a music retailer, from their first in early 1997 to 30 June 1998.

    Returns
    -------
    pandas.DataFrame
        6,919 transactions: `customer` (text with leading zeros), `date` (day), `quantity` (CDs) and
        `amount` (US dollars; 0 for 8 of them).

    Notes
    -----
    A 1-in-10 sample of the customers who bought for the first time from January to March 1997. The papers
    calibrate up to 30 September 1997 and hold the rest out.

    References
    ----------
    Fader and Hardie (2001), Forecasting Repeat Sales at CDNOW: A Case Study, Interfaces 31(3), S94-S107.
    <https://doi.org/10.1287/inte.31.3s.94.9683>

    Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2), 275-284.
    <https://doi.org/10.1287/mksc.1040.0098>

    Examples
    --------
    >>> log = load_cdnow_sample()
    >>> len(log), log["customer"].nunique()
    (6919, 2357)
    """
    import pandas as pd

    with as_file(files("customer_centric.datasets") / "cdnow_sample.csv.gz") as path:
        log = pd.read_csv(path, compression="gzip", dtype={"customer": str, "date": str})
    log["date"] = pd.to_datetime(log["date"], format="%Y%m%d")
    return log
