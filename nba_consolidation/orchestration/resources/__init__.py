"""The Dagster resources: what can be set in the launchpad. Which deployment has which is chosen here, by the settings.

Assets and checks know the two of `contract`; `local` and `production` have what stands behind them.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from nba_consolidation.orchestration.resources.contract import LeaseResource, WarehouseResource
from nba_consolidation.settings import LOCAL, Settings

__all__ = ["LeaseResource", "WarehouseResource", "resources_of"]


def resources_of(settings: Settings) -> Mapping[str, Any]:
    """The resources as the settings have them; each field can be changed in the launchpad."""
    if settings.deployment == LOCAL:
        from nba_consolidation.orchestration.resources import local

        return local.resources_of(settings)
    try:
        from nba_consolidation.orchestration.resources import production
    except ImportError as error:
        raise dg.DagsterInvalidDefinitionError(
            f"the production deployment lacks a library ({error}); install it with: "
            "pip install 'nba-consolidation[production]'"
        ) from error
    return production.resources_of(settings)
