"""Small bundled data, each with its provenance beside it."""

from __future__ import annotations

from customer_centric.datasets.cdnow import load_cdnow_sample

__all__ = ["load_cdnow_sample"]
