"""Jobs: a stage, the settings that it uses and its upstream job, each once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jobkit.digest import canonical_json, digest
from jobkit.errors import UserError
from jobkit.settings import Flat, Nested, merged, nested
from papermatrix.config.load import Project
from papermatrix.config.outputs import RESULTS
from papermatrix.config.templates import holds, render_slug

JOBS = RESULTS / "jobs"
DIGITS = 12
"""Of a digest in a job's id."""


@dataclass(frozen=True, eq=False)
class Job:
    """A stage with the settings that it uses and the job that it depends on."""

    id: str
    stage: str
    upstream: Job | None
    settings: Nested = field(repr=False)
    """Its own settings and those of every job upstream: what it is given."""
    reads_data_root: bool = False
    """Whether it reads recorded data, which lie where config.yaml says."""

    @cached_property
    def folder(self) -> Path:
        return JOBS / self.stage / self.id

    def chain(self) -> Iterator[Job]:
        """Yield every upstream job, the first of them first, and the job itself."""
        if self.upstream is not None:
            yield from self.upstream.chain()
        yield self

    def of_stage(self, stage: str) -> Job | None:
        """Return the job of a stage in its chain."""
        return next((job for job in self.chain() if job.stage == stage), None)


def job_id(stage: str, settings: Nested, upstream: str | None, slug: str) -> str:
    """Return `SLUG-DIGEST`; the digest is of the stage, the settings that it uses and its upstream job."""
    digits = digest({"stage": stage, "settings": settings, "needs": upstream})[:DIGITS]
    return f"{slug}-{digits}" if slug else digits


class JobFactory:
    """Makes the jobs of settings; equal work is one job."""

    def __init__(self, project: Project):
        self.jobs: dict[str, Job] = {}
        """By id, each after its upstream job."""
        self._project = project
        self._stages = project.stages.stages
        self._keys = {name: project.schema.keys_of(*stage.uses) for name, stage in self._stages.items()}
        self._known: dict[tuple[str, str | None, str], Job] = {}

    def job(self, stage: str, settings: Flat) -> Job | None:
        """Return the job of a stage; None where the stage does not take place with these settings."""
        return self.finished(stage, settings) if self._stages[stage].takes_place(settings) else None

    def finished(self, stage: str, settings: Flat) -> Job:
        """Return the job of a stage that has taken place: its own settings need not tell."""
        upstream = self._nearest(self._stages[stage].needs, settings)
        upstream_id = upstream.id if upstream else None
        own = self._own_settings(stage, settings)
        identity = (stage, upstream_id, canonical_json(own))
        if identity not in self._known:
            whole = merged(upstream.settings, nested(own)) if upstream else nested(own)
            counted = nested(self._project.schema.without_neutral(own))
            name = job_id(stage, counted, upstream_id, self._slug(stage, whole))
            job = Job(name, stage, upstream, whole, self._reads_data_root(stage, settings))
            self._known[identity] = self.jobs[job.id] = job
        return self._known[identity]

    def _own_settings(self, stage: str, settings: Flat) -> Flat:
        """Return the settings that a stage uses; those that cannot matter have their default."""
        own = {key: settings[key] for key in self._keys[stage]}
        if ignores := self._stages[stage].ignores:
            whole = nested(settings)
            for ignored in ignores:
                if holds(ignored.when, whole):
                    own |= self._project.schema.defaults_of(ignored.settings)
        return own

    def _reads_data_root(self, stage: str, settings: Flat) -> bool:
        needed = self._stages[stage].reads_data_root
        return needed is not None and needed.items() <= settings.items()

    def _nearest(self, stage: str | None, settings: Flat) -> Job | None:
        """Return the job of a stage, or of the first stage before it that takes place."""
        while stage is not None:
            if (job := self.job(stage, settings)) is not None:
                return job
            stage = self._stages[stage].needs
        return None

    def _slug(self, stage: str, settings: Nested) -> str:
        try:
            return render_slug(self._stages[stage].slug, settings)
        except ValueError as error:
            raise UserError(f"{self._project.config.stages}: stages.{stage}.slug: {error}") from None
