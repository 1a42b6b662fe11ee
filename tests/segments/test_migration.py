"""Who moved between segments: rows add up, nobody is forgotten, every engine joins alike."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn._engines import engines, in_engine
from customer_centric.errors import InvalidInputError, MissingColumnError
from customer_centric.intervals import wilson_interval
from customer_centric.segments import Migration, migration_matrix
from effort import examples

STATES = ["best", "good", "rest"]
LABELS = st.lists(st.tuples(*[st.sampled_from([*STATES, None])] * 2), min_size=1, max_size=40)


def moved(pairs: list[tuple[str | None, str | None]]) -> Migration:
    return migration_matrix([b for b, _ in pairs], [a for _, a in pairs], states=STATES)


@given(LABELS)
@examples(60)
def test_counts_are_those_of_looking_at_each_customer(pairs: list[tuple[str | None, str | None]]) -> None:
    found = moved(pairs)
    table = Counter((b or "new", a or "lost") for b, a in pairs)
    assert found.n_absent == table.pop(("new", "lost"), 0)
    cells = found.to_frame()
    assert {
        (str(b), str(a)): int(n)
        for b, a, n in cells[["before", "after", "customers"]].itertuples(index=False)
        if n
    } == dict(table)
    assert found.counts.sum() + found.n_absent == len(pairs)


@given(LABELS)
@examples(60)
def test_rows_add_up_to_one_and_flows_to_the_base(pairs: list[tuple[str | None, str | None]]) -> None:
    found = moved(pairs)
    someone = found.counts.sum(axis=1) > 0
    np.testing.assert_allclose(found.shares[someone].sum(axis=1), 1.0)
    assert np.isnan(found.shares[~someone]).all()
    flows = found.flows()
    assert (flows["before"] == flows["stayed"] + flows["moved_away"] + flows["lost"]).all()
    assert (flows["after"] == flows["stayed"] + flows["moved_in"] + flows["new"]).all()
    assert flows["moved_away"].sum() == flows["moved_in"].sum()
    assert flows["net"].sum() == flows["new"].sum() - flows["lost"].sum()
    if found.reason is None:
        away = 1 - flows["stayed_share"]
        assert found.mobility == pytest.approx(away.mean())
        k = len(STATES) + 1
        assert found.mobility == pytest.approx((k - np.trace(found.transition)) / (k - 1))
        assert found.mobility_interval is not None
        assert found.mobility_interval.contains(found.mobility)
        assert found.mobility_interval.width > 0
    else:
        assert np.isnan(found.mobility)
        assert "nobody was in segment" in found.reason


@given(LABELS, st.randoms(use_true_random=False))
@examples(30)
def test_neither_the_order_of_customers_nor_of_states_matters(
    pairs: list[tuple[str | None, str | None]], random: Any
) -> None:
    found = moved(pairs)
    random.shuffle(pairs)
    other = migration_matrix([b for b, _ in pairs], [a for _, a in pairs], states=STATES[::-1])
    assert moved(pairs).counts.tolist() == found.counts.tolist()
    order = [2, 1, 0, 3]
    assert other.counts[np.ix_(order, order)].tolist() == found.counts.tolist()
    assert other.mobility == pytest.approx(found.mobility, nan_ok=True)


def test_the_example_of_pfeifer_and_carraway_has_the_mobility_of_shorrocks() -> None:
    """(4 - tr P) / 3 with tr P = 0.75 + 0.55 + 0.55 + 1."""
    counts = {
        "best": (75, 15, 5, 5),
        "good": (20, 55, 15, 10),
        "rest": (5, 15, 55, 25),
    }
    pairs = [
        (b, a)
        for b, row in counts.items()
        for a, n in zip([*STATES, None], row, strict=True)
        for _ in range(n)
    ]
    found = moved(pairs)
    assert found.mobility == pytest.approx(1.15 / 3)
    cells = found.to_frame().set_index(["before", "after"])
    lower, upper = wilson_interval(75, 100)
    assert cells.loc[("best", "best"), ["lower", "upper"]].tolist() == pytest.approx(
        [float(lower), float(upper)]
    )
    assert ("new", "lost") not in cells.index


@engines
@pytest.mark.parametrize("kind", ["text", "number", "category"])
def test_every_engine_joins_customers_alike(engine: str, kind: str) -> None:
    rng = np.random.default_rng(3)
    names: list[Any] = [1, 2, 5] if kind == "number" else STATES
    ids = rng.permutation(60) - 20
    tables = [
        pd.DataFrame({"id": chosen, "segment": rng.choice(np.array(names), chosen.size)})
        for chosen in (ids[:40], rng.permutation(ids)[:45])
    ]
    if kind == "category":
        tables = [t.assign(segment=t["segment"].astype("category")) for t in tables]
    left, right = (t.set_index("id")["segment"].astype(object) for t in tables)
    everybody = left.index.union(right.index)
    aligned = migration_matrix(left.reindex(everybody), right.reindex(everybody), states=names)
    before, after = (in_engine(t, engine) for t in tables)
    found = migration_matrix(before, after, states=names, customer="id", segment="segment")
    assert found.counts.tolist() == aligned.counts.tolist()
    assert found.counts[:, -1].sum() > 0
    assert found.counts[-1].sum() > 0


@engines
def test_rows_that_cannot_be_joined_are_refused(engine: str) -> None:
    one = pd.DataFrame({"id": ["a", "b", "c"], "segment": ["best", "good", None]})
    twice = pd.concat([one, one.iloc[:1]], ignore_index=True)
    odd = one.assign(segment=["best", "gold", "gold"])
    columns = {"customer": "id", "segment": "segment"}

    def join(before: pd.DataFrame, after: pd.DataFrame, **more: Any) -> Migration:
        frames = (in_engine(before, engine), in_engine(after, engine))
        return migration_matrix(*frames, **{"states": STATES, **columns, **more})

    assert join(one, one).n_absent == 1
    with pytest.raises(
        InvalidInputError, match=r"`after` must be one row a customer, got .* \(1 of 3 values\)"
    ):
        join(one, twice)
    with pytest.raises(
        InvalidInputError, match=r"must be one of `states` or missing, got .*\(2 of 3 values\)"
    ):
        join(odd, one)
    with pytest.raises(MissingColumnError):
        join(one, one, segment="tier")
    with pytest.raises(InvalidInputError, match=r"`customer` .* must be present in every row, got null"):
        join(one.assign(id=["a", None, "b"]), one)
    with pytest.raises(InvalidInputError, match=r"`customer` .* must be of one kind in `before` and `after`"):
        join(one, one.assign(id=[1, 2, 3]))
    narrow = migration_matrix(
        in_engine(one.assign(id=[1, 2, 3]), engine),
        in_engine(one.assign(id=np.array([1, 2, 4], dtype=np.int32)), engine),
        states=STATES,
        **columns,
    )
    assert narrow.counts.sum() == 2
    with pytest.raises(InvalidInputError, match="`after` must be a frame of the engine of `before`"):
        migration_matrix(
            in_engine(one, engine),
            in_engine(one, "polars" if engine != "polars" else "pandas"),
            states=STATES,
            **columns,
        )


def test_a_change_stands_beside_that_of_a_reference() -> None:
    treated = moved([("best", "best")] * 55 + [("best", "good")] * 45 + [("good", "good")] * 10)
    control = moved([("best", "best")] * 50 + [("best", "good")] * 50 + [("good", "good")] * 10)
    beside = treated.against(control).set_index("segment")
    assert beside.loc["best", "difference"] == pytest.approx(0.05)
    # Newcombe (1998), Statistics in Medicine 17, method 10: 56/70 less 48/80 is 0.0524 to 0.3339.
    first = moved([("best", "best")] * 56 + [("best", "good")] * 14)
    second = moved([("best", "best")] * 48 + [("best", "good")] * 32)
    newcombe = first.against(second).set_index("segment").loc["best"]
    assert newcombe[["lower", "upper"]].tolist() == pytest.approx([0.0524, 0.3339], abs=5e-5)
    assert beside.loc["rest", ["lower", "upper"]].tolist() == [-1.0, 1.0]
    assert np.isnan(beside.loc["rest", "difference"])
    with pytest.raises(InvalidInputError, match="`reference` must have the states"):
        treated.against(migration_matrix(["a"], ["a"], states=["a"]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"states": ["best", "best"]}, "`states` must be different from one another"),
        ({"states": ["best", "lost"]}, '`states` must not contain "new" or "lost", got \'lost\''),
        ({"states": "best"}, "`states` must be a sequence of segments"),
        ({"states": []}, "`states` must be a sequence of segments"),
        ({"after": ["best"]}, "must be one label a customer, got shapes"),
        ({"after": ["best", "gold"]}, "`after` must be one of `states` or missing, got 'gold' at position 1"),
        ({"customer": "id"}, "`customer` and `segment` must be given together"),
        ({"confidence_level": 95}, "95 % is written 0.95"),
    ],
)
def test_refusals(arguments: dict[str, Any], message: str) -> None:
    call: dict[str, Any] = {"before": ["best", "good"], "after": ["good", None], "states": STATES} | arguments
    with pytest.raises(InvalidInputError, match=message):
        migration_matrix(call.pop("before"), call.pop("after"), **call)


def test_nobody_at_all_and_one_customer_are_ordinary() -> None:
    nobody = migration_matrix([], [], states=STATES)
    assert nobody.counts.sum() == 0
    assert "nobody was in segment 'best'" in str(nobody.reason)
    one = migration_matrix([1], [1], states=[1])
    assert one.mobility == 0
    assert one.mobility_interval is not None
    assert one.mobility_interval.upper > 0.5
    shown = one._repr_html_()
    assert "100.0%" in shown
    assert "1 customer before" in shown
