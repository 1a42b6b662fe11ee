"""Which column of a table of events means what."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["EventSchema"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSchema:
    r"""The columns of a table of events: three that must be there, and those that happen to be.

    Parameters
    ----------
    case_id : str, default "case_id"
        One goal-directed journey: text, whole numbers or categories.
    touchpoint : str, default "touchpoint"
        The step: text, whole numbers or categories.
    timestamp : str, default "timestamp"
        When: datetimes, all with a time zone or all without.
    customer_id : str, optional
        Whose journey it is; each journey is a customer of its own without it. Intervals draw customers.
    order : str, optional
        Numbers that put events of one moment in order; without it they keep the order of the rows.
    channel : str, optional
        Where: "web", "phone", ...
    actor : str, optional
        Who acted: "customer" or "company".
    resource : str, optional
        Who of the company acted, by any name; where it is missing the customer did. An alternative to
        `actor`, as in XES.
    outcome : str, optional
        How it went: "ok", "error", "declined", "unresolved" or "pending" (more of the same visit follows);
        missing is not "ok".
    lifecycle : str, optional
        "start" and "complete" as in XES: a start is pending, so that both are one visit with a duration.
    item, currency : str, optional
        What is priced, and in what money; prices are compared within both.
    price, amount : str, optional
        Price quoted and money charged.
    emotion : str, optional
        From -1 (worst) to 1.
    intent : str, optional
        Why a customer turned up, or what the company asked for ("info_request").
    is_bot : str, optional
        Whether a machine made the event: true or false.

    Raises
    ------
    TypeError
        If a name is not known.

    Examples
    --------
    >>> schema = EventSchema(
    ...     case_id="session", touchpoint="page", timestamp="at", channel="device"
    ... )
    >>> schema.named()["touchpoint"]
    'page'

    Tables in the words of other tools:

    >>> EventSchema.xes().touchpoint
    'concept:name'
    >>> EventSchema.clickstream().case_id
    'user_id'
    """

    case_id: str = "case_id"
    touchpoint: str = "touchpoint"
    timestamp: str = "timestamp"
    customer_id: str | None = None
    order: str | None = None
    channel: str | None = None
    actor: str | None = None
    resource: str | None = None
    outcome: str | None = None
    lifecycle: str | None = None
    item: str | None = None
    currency: str | None = None
    price: str | None = None
    amount: str | None = None
    emotion: str | None = None
    intent: str | None = None
    is_bot: str | None = None

    def named(self) -> dict[str, str]:
        """The columns that are there, by what they mean."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {role: column for role, column in found.items() if column is not None}

    @classmethod
    def full(cls) -> EventSchema:
        """Every column under its own name, as `simulate_journeys` writes them."""
        optional = [field.name for field in fields(cls) if field.default is None]
        kept = [name for name in optional if name not in {"resource", "lifecycle", "currency", "is_bot"}]
        return cls(**{name: name for name in kept})

    @classmethod
    def xes(cls, *, resource: str | None = None, lifecycle: str | None = None) -> EventSchema:
        """The names of XES and pm4py; "org:resource" and "lifecycle:transition" where the log has them."""
        return cls(
            case_id="case:concept:name",
            touchpoint="concept:name",
            timestamp="time:timestamp",
            resource=resource,
            lifecycle=lifecycle,
        )

    @classmethod
    def clickstream(cls) -> EventSchema:
        """The usual names of clickstreams: "user_id", "event", "timestamp"; one journey a user."""
        return cls(case_id="user_id", touchpoint="event")

    @classmethod
    def bupar(cls, *, resource: str | None = None, lifecycle: str | None = None) -> EventSchema:
        """The names of bupaR: "case_id", "activity", "timestamp"; "resource_id", "lifecycle_id" if there."""
        return cls(touchpoint="activity", resource=resource, lifecycle=lifecycle)
