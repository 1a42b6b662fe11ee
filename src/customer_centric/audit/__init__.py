"""All of it on one page: data in, a report out."""

from __future__ import annotations

from customer_centric.audit.churn.html import render_churn_html
from customer_centric.audit.churn.question import ContractQuestion
from customer_centric.audit.churn.report import ContractReport, contract_mapping
from customer_centric.audit.churn.run import ChurnAudit, run_churn
from customer_centric.audit.churn.text import render_churn_text
from customer_centric.audit.html import render_html
from customer_centric.audit.journey.html import render_journey_html
from customer_centric.audit.journey.question import JourneyQuestion
from customer_centric.audit.journey.report import JourneyReport, journey_mapping
from customer_centric.audit.journey.run import JourneyAudit, run_journey
from customer_centric.audit.journey.text import render_journey_text
from customer_centric.audit.page import Chart
from customer_centric.audit.report import AuditReport, report_mapping
from customer_centric.audit.run import Audit, run_audit
from customer_centric.audit.survey.html import render_survey_html
from customer_centric.audit.survey.question import SurveyQuestion
from customer_centric.audit.survey.report import SurveyReport, survey_mapping
from customer_centric.audit.survey.run import SurveyAudit, run_survey
from customer_centric.audit.survey.text import render_survey_text
from customer_centric.audit.text import render_text

__all__ = [
    "Audit",
    "AuditReport",
    "Chart",
    "ChurnAudit",
    "ContractQuestion",
    "ContractReport",
    "JourneyAudit",
    "JourneyQuestion",
    "JourneyReport",
    "SurveyAudit",
    "SurveyQuestion",
    "SurveyReport",
    "contract_mapping",
    "journey_mapping",
    "render_churn_html",
    "render_churn_text",
    "render_html",
    "render_journey_html",
    "render_journey_text",
    "render_survey_html",
    "render_survey_text",
    "render_text",
    "report_mapping",
    "run_audit",
    "run_churn",
    "run_journey",
    "run_survey",
    "survey_mapping",
]
