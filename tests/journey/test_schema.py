"""Which column means what."""

from __future__ import annotations

import pandas as pd
import pytest

import customer_centric as cc
from customer_centric import EventSchema, prepare_log

MOMENTS = pd.to_datetime(["2026-03-01 10:00", "2026-03-01 10:02"])


@pytest.mark.parametrize(
    ("schema", "columns"),
    [
        # IEEE 1849 (XES) as pm4py flattens it; bupaR's `eventlog`; what clickstream tools write.
        (EventSchema.xes(), ("case:concept:name", "concept:name", "time:timestamp")),
        (EventSchema.bupar(), ("case_id", "activity", "timestamp")),
        (EventSchema.clickstream(), ("user_id", "event", "timestamp")),
    ],
)
def test_presets_read_the_tables_of_other_tools(schema: EventSchema, columns: tuple[str, str, str]) -> None:
    """A table with the published column names is a log without further words."""
    case, step, moment = columns
    log = prepare_log(pd.DataFrame({case: ["a", "a"], step: ["x", "y"], moment: MOMENTS}), schema)
    assert (log.n_journeys, log.touchpoints) == (1, ("x", "y"))


def test_a_named_column_must_be_there_and_mean_one_thing() -> None:
    """A missing column is named with those there are; one column has one meaning."""
    events = pd.DataFrame({"case_id": ["a"], "touchpoint": ["x"], "timestamp": MOMENTS[:1]})
    with pytest.raises(cc.MissingColumnError, match=r"`channel` must be a column of the frame, got 'web'"):
        prepare_log(events, EventSchema(channel="web"))
    with pytest.raises(cc.InvalidInputError, match="`channel` must be another column than `touchpoint`"):
        prepare_log(events, EventSchema(channel="touchpoint"))
    with pytest.raises(cc.InvalidInputError, match="`actor` and `resource` must not both be given"):
        prepare_log(events.assign(a="customer", r="me"), EventSchema(actor="a", resource="r"))
    with pytest.raises(TypeError, match="unexpected keyword"):
        EventSchema(step="touchpoint")  # type: ignore[call-arg]


def test_the_full_schema_names_what_simulated_journeys_have() -> None:
    """Every column by its own name; nothing that another tool writes."""
    named = EventSchema.full().named()
    assert all(role == column for role, column in named.items())
    assert not {"resource", "lifecycle", "currency", "is_bot"} & named.keys()


def test_lifecycles_and_resources_become_outcomes_and_actors() -> None:
    """A start is pending, so that a step with start and end is one visit with a duration."""
    events = pd.DataFrame(
        {
            "case_id": "a",
            "activity": ["call", "call", "buy"],
            "timestamp": pd.to_datetime(["2026-03-01 10:00", "2026-03-01 10:05", "2026-03-01 11:00"]),
            "lifecycle_id": ["start", "complete", "complete"],
            "resource_id": [None, "agent", None],
        }
    )
    log = prepare_log(events, EventSchema.bupar(resource="resource_id", lifecycle="lifecycle_id"))
    visits = cc.find_journeys(log, goal="buy").visits
    assert visits.n_events.tolist() == [2, 1]
    per_second = visits.clock.ticks_per_second
    assert (visits.finish - visits.begin).tolist() == [300 * per_second, 0]
    assert visits.company_time is not None
    assert visits.company_time.tolist() == [300 * per_second, 0]
