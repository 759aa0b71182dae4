"""Runs a step of the graph for its game dates, and records what it did by asset and date.

A step calls one use case and returns an `AssetResult`; this module does everything else that Dagster needs.

Dates that are *held back* (poisoned, or with a finding of a blocking check) do not stop the others: they are not
recorded as materialised, the assets downstream leave them out, and the run fails once the others are published.
Dagster itself would run nothing downstream of a step that fails, for any date.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import dagster as dg
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

from nba_consolidation.errors import ConsolidationError
from nba_consolidation.fencing.errors import DatesPoisoned
from nba_consolidation.leases import Holder
from nba_consolidation.orchestration.assets.common import WRITERS, AssetDeclaration, Kinds, embedded_image
from nba_consolidation.orchestration.checks.audits import AuditOutcome, audit
from nba_consolidation.orchestration.checks.run_checks import check_results, check_specs, fails_step
from nba_consolidation.orchestration.metadata import Metadata, as_markdown, in_units, table_of
from nba_consolidation.orchestration.partitions import ensure_in_order, span_of_run
from nba_consolidation.schema import PREDICTIONS, PUBLISHED, VALIDATED
from nba_consolidation.wiring import Deployment

CHAIN = (PREDICTIONS.name, VALIDATED.name, PUBLISHED.name)
"""The assets that lead to the published rows. The last of these in a run fails the run if dates were held back."""

_MOST_RECORDS = 2_000
_NOT_RECORDED = {SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}
"""Dagster's own mark of an output without a materialisation: the assets downstream run, and no date is recorded."""

Event = (
    dg.AssetCheckResult | dg.AssetMaterialization | dg.AssetObservation | dg.MaterializeResult[None] | dg.Output[None]
)


class HeldBack(NamedTuple):
    """Why a date is held back. poisoned: it could not be written; otherwise a check of it failed."""

    reason: str
    poisoned: bool


@dataclass(frozen=True)
class AssetResult:
    """The result of a step.

    metadata: of each asset by date; exactly these dates are recorded, without those that are held back. images: PNG
    files by asset and name, for the last date. outcome: what the checks of the assets evaluate. poisoned: the dates
    that could not be written. unfit: those that could, and must not be used downstream, and why. done: the past
    participle for messages about dates held back.
    """

    metadata: Mapping[str, Mapping[dt.date, Metadata]] = field(default_factory=dict)
    images: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    outcome: object = None
    poisoned: Mapping[dt.date, ConsolidationError] = field(default_factory=dict)
    unfit: Mapping[dt.date, str] = field(default_factory=dict)
    done: str = "consolidated"
    data_version: dg.DataVersion | None = None

    def held_back(self, audited: AuditOutcome) -> dict[dt.date, HeldBack]:
        """The dates that this step holds back; those with findings of the audits, too."""
        unfit = {**audited.unfit_dates(), **self.unfit}
        return {date: HeldBack(reason, False) for date, reason in unfit.items()} | poisoned_dates(self.poisoned)


@dataclass(frozen=True)
class AssetRun:
    """One run of a step: its dates, its use cases, and the config, if the step has one."""

    context: dg.AssetExecutionContext
    deployment: Deployment
    config: Any = None

    @cached_property
    def dates(self) -> list[dt.date]:
        """The game dates, one or a range, without those that an earlier step of this run held back."""
        return [date for date in self.partitions if date not in self.held_back]

    @property
    def partitions(self) -> list[dt.date]:
        """The partitions of the run; all history for checks that are executed alone."""
        if span_of_run(self.context.run.tags) is not None:
            return [dt.date.fromisoformat(key) for key in self.context.partition_keys]
        known = self.deployment.known_dates()
        return [known.first + dt.timedelta(days) for days in range((known.last - known.first).days + 1)]

    @property
    def first(self) -> dt.date:
        return self.dates[0]

    @property
    def last(self) -> dt.date:
        return self.dates[-1]

    @property
    def holder(self) -> Holder:
        return Holder.here(self.context.run.run_id)

    @property
    def selected(self) -> set[str]:
        """The assets of this step that are to be materialised."""
        return {key.to_user_string() for key in self.context.selected_asset_keys}

    @property
    def checks(self) -> set[dg.AssetCheckKey]:
        """The checks of this step that are to be executed."""
        return set(self.context.selected_asset_check_keys)

    def includes(self, asset: str) -> bool:
        """Whether any step of this run materialises the asset."""
        return dg.AssetKey(asset) in self.context.job_def.asset_layer.executable_asset_keys

    def log_step(self, name: str) -> None:
        """Called by the use cases at the beginning of each of their steps."""
        self.context.log.debug(name)

    def log_later_dates(self, dates: Sequence[dt.date]) -> None:
        """Logs how many later dates were recomputed because they depend on the dates of the run."""
        if dates:
            self.context.log.info("Later dates of the season were recomputed: %d", len(dates))

    @cached_property
    def held_back(self) -> dict[dt.date, HeldBack]:
        """The dates that earlier steps held back, from the run's events: a step may have a process of its own."""
        events = self.context.instance.all_logs(self.context.run.run_id, dg.DagsterEventType.ASSET_OBSERVATION)
        observed = [entry.asset_observation for entry in events if entry.asset_observation is not None]
        return {
            dt.date.fromisoformat(one.partition): HeldBack(*(one.metadata[name].value for name in HeldBack._fields))
            for one in observed
            if one.partition is not None and set(HeldBack._fields) <= set(one.metadata)
        }

    def recorded(self, asset: str) -> dict[dt.date, dict[str, Any]]:
        """By date, the metadata of the last materialisation of an asset."""
        records = self.context.instance.fetch_materializations(dg.AssetKey(asset), limit=_MOST_RECORDS).records
        by_date: dict[dt.date, dict[str, Any]] = {}
        for record in records:  # the newest first
            event = record.asset_materialization
            if event is not None and event.partition is not None:
                metadata = {name: value.value for name, value in event.metadata.items()}
                by_date.setdefault(dt.date.fromisoformat(event.partition), metadata)
        return by_date


@dataclass(frozen=True)
class AssetStep:
    """A step that writes one or more assets. config: a class of Dagster configs. writes: whether it is a writer.

    examine: what the checks evaluate when they are executed alone, read from what is committed. No asset is written.
    """

    name: str
    assets: Sequence[AssetDeclaration]
    function: Callable[[AssetRun], AssetResult]
    config: type[dg.Config] | None = None
    writes: bool = True
    examine: Callable[[AssetRun], AssetResult] = lambda _: AssetResult()

    def definition(self, partitions: dg.PartitionsDefinition, kinds: Kinds) -> dg.AssetsDefinition:
        """The step over these partitions; a backfill of any range is a single run."""
        decorate = dg.multi_asset(
            name=self.name,
            specs=[asset.spec(kinds, self.function, skippable=True) for asset in self.assets],
            partitions_def=partitions,
            backfill_policy=dg.BackfillPolicy.single_run(),
            pool=WRITERS if self.writes else None,
            check_specs=check_specs(asset.name for asset in self.assets),
            can_subset=True,  # so that a check can be executed alone
        )
        return decorate(self._compute() if self.config is None else self._compute_with(self.config))

    def _compute(self) -> Callable[..., Iterator[Event]]:
        def compute(context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]) -> Iterator[Event]:
            yield from self._events(AssetRun(context, deployment))

        return compute

    def _compute_with(self, config_class: type[dg.Config]) -> Callable[..., Iterator[Event]]:
        def compute(
            context: dg.AssetExecutionContext,
            config: config_class,  # type: ignore[valid-type]
            deployment: dg.ResourceParam[Deployment],
        ) -> Iterator[Event]:
            yield from self._events(AssetRun(context, deployment, config))

        return compute

    def _events(self, run: AssetRun) -> Iterator[Event]:
        ensure_in_order(run.context.run.tags)
        if not run.selected:
            yield from self._check_events(run)
            return
        try:
            result = self.function(run)
        except ConsolidationError as error:
            if not (run.held_back and self._ends_chain(run)):
                raise
            unfinished = {date: HeldBack(str(error), True) for date in run.dates}
            raise failure(run.held_back | unfinished, "published") from error
        audited = _audited(run, result.poisoned)
        newly_held_back = result.held_back(audited)
        held_back = run.held_back | newly_held_back
        yield from self._observations(run, newly_held_back)
        checked = list(check_results(result.outcome, audited, checks=run.checks))
        yield from checked
        if fails_step(checked):
            return  # no date is recorded, so nothing follows from it; Dagster fails the step
        recorded = {
            asset: {date: metadata for date, metadata in by_date.items() if date not in held_back}
            for asset, by_date in result.metadata.items()
        }
        for asset, by_date in recorded.items():
            images = {name: embedded_image(png) for name, png in result.images.get(asset, {}).items()}
            yield from _materializations(run, asset, _with_images(by_date, images))
        if held_back and self._fails(run, held_back):
            raise failure(held_back, result.done)
        for asset, by_date in recorded.items():
            if asset in run.selected:
                yield _output(run, asset, by_date, result.data_version)

    def _check_events(self, run: AssetRun) -> Iterator[Event]:
        """The checks that somebody executes alone, on what is committed."""
        run = replace(run, deployment=run.deployment.to_read())
        result = self.examine(run)
        yield from check_results(result.outcome, _audited(run, {}), checks=run.checks)
        if result.poisoned:
            raise failure(poisoned_dates(result.poisoned), result.done)

    def _observations(self, run: AssetRun, held_back: Mapping[dt.date, HeldBack]) -> Iterator[Event]:
        """Says in the run's log and on the partition of each date why it is held back."""
        for date, one in sorted(held_back.items()):
            cause = f"{date}: {one.reason}"
            run.context.log.error(cause)
            yield dg.AssetObservation(
                self.assets[0].name, partition=str(date), metadata=one._asdict(), description=as_markdown(cause)
            )

    def _ends_chain(self, run: AssetRun) -> bool:
        return self.assets[0].name == next((asset for asset in reversed(CHAIN) if run.includes(asset)), None)

    def _fails(self, run: AssetRun, held_back: Mapping[dt.date, HeldBack]) -> bool:
        """Whether the run fails here. Outside the chain, a step that holds dates back fails at once."""
        if self.assets[0].name not in CHAIN:
            return held_back != run.held_back
        return self._ends_chain(run) or set(run.partitions) <= set(held_back)


def asset_step(
    *assets: AssetDeclaration, name: str | None = None, **options: Any
) -> Callable[[Callable[[AssetRun], AssetResult]], AssetStep]:
    """Makes a step from a function. name: the name of the op in Dagster, by default that of the first asset."""
    return lambda function: AssetStep(name or assets[0].name, assets, function, **options)


def _audited(run: AssetRun, poisoned: Mapping[dt.date, ConsolidationError]) -> AuditOutcome:
    return audit(
        run.deployment.warehouse.reader(), run.dates, checks=run.checks, assets=run.selected, poisoned=poisoned
    )


def _with_images(by_date: Mapping[dt.date, Metadata], images: Metadata) -> dict[dt.date, Metadata]:
    """Adds the images to the last date only, because Dagster repeats the metadata of a result for every date."""
    last = max(by_date, default=None)
    return {date: {**in_units(one), **(images if date == last else {})} for date, one in by_date.items()}


def _materializations(run: AssetRun, asset: str, by_date: Mapping[dt.date, Metadata]) -> Iterator[Event]:
    """Records the metadata of each date; as separate events if the step's result would record other dates too."""
    recorded_by_result = _records_all(run, asset, by_date)
    for date, metadata in by_date.items():
        if recorded_by_result:
            run.context.add_asset_metadata(metadata, asset_key=asset, partition_key=str(date))
        else:
            yield dg.AssetMaterialization(asset, partition=str(date), metadata=metadata)


def _records_all(run: AssetRun, asset: str, by_date: Mapping[dt.date, Metadata]) -> bool:
    return asset in run.selected and set(by_date) == set(run.partitions)


def _output(
    run: AssetRun, asset: str, by_date: Mapping[dt.date, Metadata], data_version: dg.DataVersion | None
) -> dg.MaterializeResult[None] | dg.Output[None]:
    """A result, which Dagster records for every date of the run, or an output, for which it records no date."""
    if _records_all(run, asset, by_date):
        return dg.MaterializeResult(asset_key=asset, data_version=data_version)
    return dg.Output(None, output_name=run.context.output_for_asset_key(dg.AssetKey(asset)), metadata=_NOT_RECORDED)


def poisoned_dates(errors: Mapping[dt.date, ConsolidationError]) -> dict[dt.date, HeldBack]:
    """The dates that could not be written, and why."""
    return {date: HeldBack(str(error), True) for date, error in errors.items()}


def failure(held_back: Mapping[dt.date, HeldBack], done: str) -> dg.Failure:
    """The failure of a run with dates that were held back. It is not retried."""
    rows = [{"date": str(date), "reason": held_back[date].reason} for date in sorted(held_back)]
    poisoned = [row for row, date in zip(rows, sorted(held_back), strict=True) if held_back[date].poisoned]
    message = str(DatesPoisoned({date: ConsolidationError(one.reason) for date, one in held_back.items()}, done))
    metadata = {"held_back": table_of(rows), **({"poisoned": table_of(poisoned)} if poisoned else {})}
    return dg.Failure(message, metadata=metadata, allow_retries=False)
