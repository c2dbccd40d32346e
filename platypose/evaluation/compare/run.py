"""Samplers side by side: each scene is given to one after another."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import torch

from platypose import __version__
from platypose.api import UserError
from platypose.config import unstructure
from platypose.evaluation.compare.config import Entrant, Job, jobs
from platypose.evaluation.compare.rows import row
from platypose.evaluation.config import EvaluateConfig
from platypose.evaluation.excerpt import Scene
from platypose.evaluation.run import bind, lift_scene
from platypose.evaluation.scenes import Work
from platypose.evaluation.tally import Tally
from platypose.lifting import Guidance, Platypose
from platypose.lifting.pretrained import absolute

FEW = 2
"""Hypotheses that every sampler draws of the first scene before anything is measured."""


@attrs.frozen(kw_only=True)
class Plan:
    """What is compared with what.

    Attributes:
        config: the evaluation, whose prior and sampler are replaced.
        priors: installed priors or checkpoints.
        entrants: the samplers.
        calls: numbers of denoiser calls.
        repeats: with seeds that follow on that of `config`, and the same evidence and noise.
    """

    config: EvaluateConfig
    priors: tuple[str, ...]
    entrants: tuple[Entrant, ...]
    calls: tuple[int, ...]
    repeats: int = 1


@attrs.frozen(kw_only=True)
class Progress:
    """How far a comparison is.

    Attributes:
        clips: lifted in this run, by all samplers together.
        total: to lift in this run.
    """

    clips: int
    total: int


@attrs.frozen(kw_only=True, eq=False)
class _Round:
    """One prior with everything that is run on it.

    Attributes:
        pose: the prior.
        work: the clips.
        jobs: what is run on them.
        tallies: of each job and repeat, of the groups done.
        done: numbers of groups.
        left_out: clips of these that cannot be lifted, by reason.
    """

    pose: Platypose
    work: Work
    jobs: tuple[Job, ...]
    tallies: list[list[Tally]]
    done: set[int] = attrs.field(factory=set)
    left_out: dict[str, int] = attrs.field(factory=dict)

    def count(self, number: int, tallies: list[list[Tally]], left_out: dict[str, int]) -> None:
        self.done.add(number)
        for sums, added in zip(self.tallies, tallies, strict=True):
            for tally, part in zip(sums, added, strict=True):
                tally.merge(part)
        for reason, clips in left_out.items():
            self.left_out[reason] = self.left_out.get(reason, 0) + clips


class Comparison:
    """A comparison that can stop after any group of clips and go on from there.

    Arguments:
        plan: what is compared.
        journal: file in which every group is noted once all samplers have lifted it; what it
            holds already is not lifted again.

    Raises:
        UserError: something in the plan or the data is wrong, or the journal is of another plan.
    """

    def __init__(self, plan: Plan, journal: Path | None = None) -> None:
        self.plan, self.journal = plan, journal
        self.rounds = [self._round(prior) for prior in plan.priors]
        self._head = json.dumps({"version": __version__, "jobs": self._plain()})
        if journal is not None and journal.exists():
            self._resume(journal)

    def run(self, progress: Callable[[Progress], None] = lambda progress: None) -> None:
        """Lift and score what is not done yet.

        Arguments:
            progress: called after each scene and sampler.

        Raises:
            UserError: a sampler cannot be run on these clips.
        """
        if self.journal is not None and not self.journal.exists():
            self.journal.write_text(self._head + "\n", encoding="utf-8")
        each = [len(round.jobs) * self.plan.repeats for round in self.rounds]
        total = sum(
            times * len(group)
            for round, times in zip(self.rounds, each)
            for number, group in enumerate(round.work.groups)
            if number not in round.done
        )
        clips = 0
        progress(Progress(clips=clips, total=total))
        for place, (round, times) in enumerate(zip(self.rounds, each)):
            warm = False
            for number, group in enumerate(round.work.groups):
                if number in round.done:
                    continue
                round.work.left_out.clear()
                scenes = round.work.scenes(number)
                kept = sum(len(scene.excerpts) for scene in scenes)
                clips += times * (len(group) - kept)
                if scenes and not warm:
                    self._warm_up(round, scenes[0], number)
                    warm = True
                tallies = self._blank(round.pose, round.jobs)
                for scene in scenes:
                    guidances = _guidances(round, scene)
                    for repeat in range(self.plan.repeats):
                        for job, guidance, sums in zip(round.jobs, guidances, tallies):
                            config = attrs.evolve(job.config, seed=job.config.seed + repeat)
                            for _, _, scored in lift_scene(
                                config, round.pose, scene, number, guidance
                            ):
                                sums[repeat].add(scored)
                            clips += len(scene.excerpts)
                            progress(Progress(clips=clips, total=total))
                left_out = dict(round.work.left_out)
                self._note(place, number, tallies, left_out)
                round.count(number, tallies, left_out)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each prior, sampler and number of calls, of what is done so far."""
        return [
            row(
                job,
                tallies,
                left_out=round.left_out,
                prior_step=round.pose.prior.header.step,
                credit=" ".join(
                    dict.fromkeys(
                        text
                        for text in (round.work.source.credit, round.pose.prior.header.credit)
                        if text
                    )
                ),
                machine=machine(round.pose.prior.device),
            )
            for round in self.rounds
            for job, tallies in zip(round.jobs, round.tallies)
            if tallies[0].clips
        ]

    def finish(self) -> None:
        """Remove the journal, once its results are kept elsewhere."""
        if self.journal is not None:
            self.journal.unlink(missing_ok=True)

    def _round(self, prior: str) -> _Round:
        config = attrs.evolve(
            self.plan.config,
            prior=absolute(prior),
            data=tuple(path.resolve() for path in self.plan.config.data),
        )
        pose = Platypose.from_pretrained(
            config.prior, device=config.device, precision=config.precision
        )
        chosen = jobs(config, self.plan.entrants, self.plan.calls)
        return _Round(
            pose=pose,
            work=Work(config, pose),
            jobs=chosen,
            tallies=self._blank(pose, chosen),
        )

    def _blank(self, pose: Platypose, chosen: Sequence[Job]) -> list[list[Tally]]:
        return [
            [Tally(skeleton=pose.prior.skeleton) for _ in range(self.plan.repeats)] for _ in chosen
        ]

    def _warm_up(self, round: _Round, scene: Scene, number: int) -> None:
        """Run every sampler once, so that what only the first call costs is in nobody's seconds."""
        for job, guidance in zip(round.jobs, _guidances(round, scene)):
            config = attrs.evolve(job.config, samples=FEW)
            try:
                for _ in lift_scene(config, round.pose, scene, number, guidance):
                    pass
            except UserError as error:
                raise UserError(f"{job.entrant.label}: {error}") from None

    def _plain(self) -> Any:
        return [
            [[unstructure(job.config) for job in round.jobs] for round in self.rounds],
            self.plan.repeats,
        ]

    def _note(
        self, place: int, number: int, tallies: list[list[Tally]], left_out: dict[str, int]
    ) -> None:
        if self.journal is None:
            return
        plain = [[tally.to_plain() for tally in sums] for sums in tallies]
        line = json.dumps([place, number, plain, left_out])
        with self.journal.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _resume(self, journal: Path) -> None:
        head, *lines = journal.read_text(encoding="utf-8").splitlines() or [""]
        if head != self._head:
            raise UserError(
                f"{journal} is of an interrupted comparison with other options; finish that with "
                "its own, or delete the file."
            )
        whole = len(head) + 1
        for line in lines:
            try:
                place, number, plain, left_out = json.loads(line)
                skeleton = self.rounds[place].pose.prior.skeleton
                tallies = [[Tally.from_plain(sums, skeleton) for sums in each] for each in plain]
                self.rounds[place].count(number, tallies, left_out)
            except (ValueError, KeyError, TypeError, IndexError):
                break  # the last line, which a crash cut short
            whole += len(line) + 1
        # What follows the last whole line would spoil the next one.
        with journal.open("r+", encoding="utf-8") as file:
            file.truncate(whole)


def _guidances(round: _Round, scene: Scene) -> list[Guidance]:
    """That of each job; those of the same energies share one."""
    made: list[tuple[Any, Guidance]] = []
    found = []
    for job in round.jobs:
        known = [guidance for energies, guidance in made if energies == job.config.energies]
        if not known:
            known = [bind(job.config, round.pose, scene)]
            made.append((job.config.energies, known[0]))
        found.append(known[0])
    return found


def machine(device: torch.device) -> str:
    """What sampled, in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
