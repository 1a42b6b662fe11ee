"""The bundled sample is the one the papers used."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from customer_centric.datasets import load_cdnow_sample


def test_the_facts_of_the_sample() -> None:
    log = load_cdnow_sample()
    assert list(log.columns) == ["customer", "date", "quantity", "amount"]
    assert (len(log), log["customer"].nunique()) == (6919, 2357)
    assert (log["amount"] == 0).sum() == 8
    assert (log["date"].min(), log["date"].max()) == (pd.Timestamp("1997-01-01"), pd.Timestamp("1998-06-30"))
    assert log.groupby("customer")["date"].min().max() == pd.Timestamp("1997-03-25")


def test_ids_keep_their_leading_zeros() -> None:
    log = load_cdnow_sample()
    assert log["customer"].iloc[0] == "0001"
    assert log["customer"].str.len().eq(4).all()


def test_every_transaction_is_in_the_master_file() -> None:
    master = pd.read_csv(
        Path(__file__).parents[1] / "data" / "CDNOW_master.txt.gz", sep=r"\s+", dtype={"customer_id": str}
    )
    master["date"] = pd.to_datetime(master["date"].astype(str), format="%Y%m%d")
    rows = master[["date", "number_of_cds", "dollar_value"]].value_counts()
    sample = load_cdnow_sample()[["date", "quantity", "amount"]].value_counts()
    sample.index = sample.index.set_names(rows.index.names)
    assert (rows.reindex(sample.index) >= sample).all()


def test_the_provenance_is_beside_the_data() -> None:
    from customer_centric import datasets

    folder = Path(datasets.__path__[0])
    assert "Fader" in (folder / "cdnow_sample.txt").read_text(encoding="utf-8")
    assert (folder / "cdnow_sample.csv.gz").stat().st_size < 60_000
