"""What the whole suite shares: the Hypothesis profiles."""

from __future__ import annotations

import os
from datetime import timedelta

from hypothesis import settings

# One fixed stream of examples, so that a run can be repeated anywhere; no deadline, because a test on a
# busy machine is slow without being wrong.
_NO_DEADLINE: timedelta | None = None
_EXAMPLES = 100

settings.register_profile("ci", max_examples=_EXAMPLES, derandomize=True, deadline=_NO_DEADLINE)
settings.register_profile("nightly", max_examples=10 * _EXAMPLES, deadline=_NO_DEADLINE, print_blob=True)
settings.register_profile("lowest", max_examples=20, derandomize=True, deadline=_NO_DEADLINE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
