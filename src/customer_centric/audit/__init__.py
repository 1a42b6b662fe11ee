"""All of it on one page: data in, a report out."""

from __future__ import annotations

from customer_centric.audit.html import render_html
from customer_centric.audit.page import Chart
from customer_centric.audit.report import AuditReport, report_mapping
from customer_centric.audit.run import Audit, run_audit
from customer_centric.audit.text import render_text

__all__ = ["Audit", "AuditReport", "Chart", "render_html", "render_text", "report_mapping", "run_audit"]
