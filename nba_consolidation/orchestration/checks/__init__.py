"""The asset checks: what each looks for, and how the outcome of a run is evaluated.

`run_checks` has the checks that a run emits about itself; `audits` and `daily_quality` read tables, and run alone too.
"""

from nba_consolidation.orchestration.checks.audits import build_audits
from nba_consolidation.orchestration.checks.daily_quality import build_quality

__all__ = ["build_audits", "build_quality"]
