"""The asset checks: what each looks for, and its result. The looking is done by the audits and the reports."""

from nba_consolidation.orchestration.checks.audits import build_audits
from nba_consolidation.orchestration.checks.daily_quality import build_quality

__all__ = ["build_audits", "build_quality"]
