"""The prior, ready to sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from platypose.api import BuildContext, Energy, RootPrior, Sampler, UserError
from platypose.api.kinds.sampler import KIND as SAMPLER
from platypose.checkpoint.prior import Prior, load_prior
from platypose.compute import DeviceName, Precision, resolve_device, resolve_dtype
from platypose.config import Chosen, choose
from platypose.evidence import Evidence
from platypose.lifting.guidance import Guidance, RootMode, guide
from platypose.lifting.pretrained import locate
from platypose.lifting.problem import LiftingProblem
from platypose.lifting.root import Placement
from platypose.registry import plugins

CHUNK = 16384
"""Poses that the network and the energies see at once, unless told otherwise."""
ALIKE = 1.0
"""Seconds in which people hardly change how they hold themselves: single frames that are so near to
each other say of a camera what one of them says."""
PACE = 1.0
"""Metres a second, along each axis, that people usually go at."""


@attrs.frozen(kw_only=True, eq=False)
class Step:
    """The hypotheses after one noise level.

    Attributes:
        sample: (H, F, J, 3) joints relative to the root, world axes, metres.
        root: (H, F, 3) the root in the world, metres, drawn with the pose, or, by samplers that
            draw poses alone, where it suits the pose best; zeros without evidence.
        energy: (H, F) nats, or None without an energy.
        sigma: the noise level just left, in units of the prior's scale.
        index: levels done, from 1.
        total: levels in all.
        denoiser_calls: so far, each on all hypotheses and frames.
        camera: (H, 3) by how much the logarithm of the focal length, the tilt and the roll
            (radians) of the camera differ from those given, drawn with the pose; None from
            samplers that take cameras as they are given, and where they are known.
        seen: (H, F, J, 3) joints in the world where the cameras as given see what theirs see of the
            hypotheses; see `UnknownCamera`.
        effective_samples: as of `platypose.api.Level`; None from samplers that do not weigh.
    """

    sample: Float[Tensor, "H F J 3"]
    root: Float[Tensor, "H F 3"]
    energy: Float[Tensor, "H F"] | None
    sigma: float
    index: int
    total: int
    denoiser_calls: int
    seen: Float[Tensor, "H F J 3"]
    camera: Float[Tensor, "H 3"] | None = None
    effective_samples: float | None = None

    @property
    def joints(self) -> Float[Tensor, "H F J 3"]:
        """Joints in the world, metres."""
        return self.sample + self.root[:, :, None]


class Platypose:
    """A trained prior of human poses, to be sampled freely or guided by an energy.

    Arguments:
        prior: a loaded checkpoint.
    """

    def __init__(self, prior: Prior) -> None:
        self.prior = prior
        half = prior.dtype in (torch.float16, torch.bfloat16)
        # Only the network runs in half precision; cameras and energies would not survive it.
        self.dtype = torch.float32 if half else prior.dtype

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path,
        *,
        device: DeviceName = "auto",
        precision: Precision = "float32",
    ) -> Platypose:
        """Load a prior.

        Arguments:
            name: of an installed prior, or the path of a checkpoint or of a training run.
            device: where to compute.
            precision: of the network.

        Raises:
            UserError: it cannot be found or loaded.
        """
        return cls(load_prior(locate(str(name)), resolve_device(device), resolve_dtype(precision)))

    def context(self, seed: int = 0) -> BuildContext:
        """What components built for this prior are given."""
        device = self.prior.device
        return BuildContext(
            skeleton=self.prior.skeleton,
            device=device,
            dtype=self.dtype,
            generator=torch.Generator(device).manual_seed(seed),
        )

    def energy(
        self,
        evidence: Evidence,
        *energies: str | Chosen[Energy],
        root: RootMode = "unknown",
        placement: Placement | None = None,
    ) -> Guidance:
        """Bind energies to evidence, for `sample`.

        Arguments:
            evidence: what was seen.
            energies: such as `"heatmap"` or `"bone-length:scale=0.1"`; they add up.
            root: "unknown" solves for the root with the pose; "known" takes the evidence's.
            placement: the first guess of an unknown root; none makes one from this evidence.

        Raises:
            UserError: an energy is unknown, or the evidence lacks what it needs.
        """
        chosen = [choose(Energy, e) if isinstance(e, str) else e for e in energies]
        return guide(evidence, chosen, self.context(), root=root, placement=placement)

    def sample(
        self,
        num_samples: int,
        num_frames: int = 1,
        *,
        energy: Energy | None = None,
        energy_scale: float = 1.0,
        sampler: str | Chosen[Sampler] = "posterior",
        seed: int = 0,
        chunk: int = CHUNK,
    ) -> Iterator[Step]:
        """Draw hypotheses; a generator of one `Step` a noise level, the last being the sample.

        A prior of single frames draws every frame from the same noise, so that a hypothesis is as
        continuous in time as its evidence.

        Arguments:
            num_samples: H.
            num_frames: F; that of the evidence, where there is one.
            energy: a `Guidance` made by `energy`, or any energy of joints, whose root is then the
                origin; None samples the prior.
            energy_scale: factor on the energy.
            sampler: a registered sampler, such as `"guided-ddim:substeps=1"`.
            seed: of all randomness.
            chunk: poses (frames of hypotheses) that the network is given at once, and by
                `posterior` the energies; it bounds memory and does not change the samples but for
                rounding.

        Raises:
            UserError: the numbers do not go together, or the sampler is unknown.
        """
        if num_samples < 1 or num_frames < 1:
            raise UserError("The numbers of samples and of frames must be at least 1.")
        frames = self.prior.header.frames
        if 1 < frames < num_frames:
            raise UserError(f"This prior knows clips of up to {frames} frames, not {num_frames}.")
        if isinstance(energy, Guidance) and energy.observed.evidence.num_frames != num_frames:
            seen = energy.observed.evidence.num_frames
            raise UserError(f"The evidence has {seen} frames, but num_frames is {num_frames}.")
        context = self.context(seed)
        chosen = choose(Sampler, sampler) if isinstance(sampler, str) else sampler
        component = plugins().registry(SAMPLER).build(chosen, context)
        return self._steps(component, num_samples, num_frames, energy, energy_scale, context, chunk)

    def _steps(
        self,
        sampler: Sampler,
        num_samples: int,
        num_frames: int,
        energy: Energy | None,
        energy_scale: float,
        context: BuildContext,
        chunk: int,
    ) -> Iterator[Step]:
        joints = len(self.prior.skeleton.joints)
        drawn = num_frames if self.prior.header.frames > 1 else 1
        noise = torch.randn(
            (num_samples, drawn, joints, 3),
            generator=context.generator,
            device=context.device,
            dtype=self.dtype,
        ).expand(-1, num_frames, -1, -1)

        def scaled(x: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F"]:
            assert energy is not None
            pose = self._pose(x)
            return energy_scale * energy(pose + _root(energy, pose)[:, :, None])

        def denoise(x: Float[Tensor, "H F J 3"], sigma: float) -> Float[Tensor, "H F J 3"]:
            return self._denoise(x, sigma, chunk)

        problem = self._problem(energy, energy_scale, num_frames, chunk)
        levels = sampler(
            denoise,
            self.prior.schedule,
            noise,
            energy=None if energy is None else scaled,
            generator=context.generator,
            problem=problem,
        )
        for level in levels:
            pose = self._pose(level.x0)
            root = _root(energy, pose) if level.root is None else level.root
            camera, seen = None, pose + root[:, :, None]
            if problem.camera is not None and level.camera is not None:
                camera = problem.camera.changes(level.camera)
                seen = problem.camera.seen(seen, camera)
            yield Step(
                sample=pose,
                root=root,
                seen=seen,
                camera=camera,
                effective_samples=level.effective_samples,
                energy=level.energy,
                sigma=level.sigma,
                index=level.index,
                total=level.total,
                denoiser_calls=level.calls,
            )

    def _problem(
        self, energy: Energy | None, scale: float, frames: int, chunk: int
    ) -> LiftingProblem:
        terms: tuple[tuple[float, Energy], ...] = () if energy is None else ((scale, energy),)
        camera, motion = None, self.prior.header.frames > 1
        solve = None
        root = torch.zeros(frames, 3, device=self.prior.device, dtype=self.dtype)
        prior = RootPrior(mean=root, deviation=0.0)
        if isinstance(energy, Guidance):
            terms = tuple((scale * share, term) for share, term in energy.energies)
            solve, prior = energy.root, energy.root.prior
            frame_rate = energy.observed.evidence.frame_rate
            prior = attrs.evolve(prior, travel=PACE * frames / frame_rate)
            if energy.unknown is not None:
                alike = 1.0 if motion else min(float(frames), max(1.0, ALIKE * frame_rate))
                camera = attrs.evolve(energy.unknown, alike=alike)
        return LiftingProblem(
            energies=terms,
            scale=self.prior.header.scale,
            solve=solve,
            root=prior,
            residual=self.prior.residual,
            motion=motion,
            chunk=chunk,
            camera=camera,
        )

    def _pose(self, x: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F J 3"]:
        """Metres, with the root joint exactly at the origin."""
        return self.prior.header.scale * (x - x[:, :, :1])

    def _denoise(
        self, x: Float[Tensor, "H F J 3"], sigma: float, chunk: int
    ) -> Float[Tensor, "H F J 3"]:
        clips = x if self.prior.header.frames > 1 else x.flatten(0, 1)[:, None]
        parts = []
        with torch.set_grad_enabled(x.requires_grad and torch.is_grad_enabled()):
            for part in torch.split(clips.to(self.prior.dtype), max(1, chunk // clips.shape[1])):
                level = torch.full((len(part),), sigma, device=part.device, dtype=part.dtype)
                parts.append(self.prior.denoiser(part, level))
            return torch.cat(parts).to(x.dtype).reshape(x.shape)


def _root(energy: Energy | None, pose: Float[Tensor, "H F J 3"]) -> Float[Tensor, "H F 3"]:
    if isinstance(energy, Guidance):
        return energy.root(pose)
    return pose.new_zeros(*pose.shape[:2], 3)
