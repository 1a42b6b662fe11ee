"""What the whole suite shares: the Hypothesis profiles, and drawing without a screen."""

from __future__ import annotations

import os

from hypothesis import settings

from effort import ORDINARY_EXAMPLES

os.environ.setdefault("MPLBACKEND", "Agg")
# The workers of the suite use every core already; threads on top of them only wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The whole suite runs several times in CI: in "ci", which tries six of ten ordinary examples, and in "few",
# with coverage and on other versions. Both repeat one fixed stream of examples anywhere; "nightly" looks for
# new ones. No deadlines: on a busy machine a test is slow without being wrong.
settings.register_profile("ci", max_examples=6 * ORDINARY_EXAMPLES // 10, derandomize=True, deadline=None)
settings.register_profile("nightly", max_examples=10 * ORDINARY_EXAMPLES, deadline=None, print_blob=True)
settings.register_profile("few", max_examples=20, derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
