"""How many examples a law is tried on, in proportion to the Hypothesis profile."""

from __future__ import annotations

from hypothesis import settings

ORDINARY_EXAMPLES = 100


def examples(count: int) -> settings:
    """`count` examples in the ordinary profile, more or fewer in the others, in proportion."""
    return settings(max_examples=max(1, count * settings().max_examples // ORDINARY_EXAMPLES))
