"""Where it hurts: journeys, friction and what it costs, as a part of the audit and on a page of its own."""
