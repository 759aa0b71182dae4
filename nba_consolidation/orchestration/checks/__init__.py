"""The asset checks: what each looks for, and how an outcome is evaluated. Audits and reports do the looking.

`run_checks` has those that a run emits about itself; `audits` and `daily_quality` look at tables, and run alone too.
"""

from nba_consolidation.orchestration.checks.audits import build_audits
from nba_consolidation.orchestration.checks.daily_quality import build_quality

__all__ = ["build_audits", "build_quality"]
