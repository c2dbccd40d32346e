from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from platypose import Evidence, Platypose
from platypose.api import Config, UserError
from platypose.api.kinds.weights import KIND as WEIGHTS
from platypose.lifting import Step
from platypose.lifting.pretrained import absolute, locate
from platypose.registry import Plugins, use
from platypose.testing import scene

QUICK = "guided-ddim:levels=ddim4,skip=0,substeps=2"


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return scene.evidence(2)


def _last(steps: Iterator[Step]) -> Step:
    *_, last = steps
    return last


def test_the_snippet_of_the_readme_works(tiny_prior: Path, evidence: Evidence) -> None:
    pose = Platypose.from_pretrained(tiny_prior)
    energy = pose.energy(evidence, "reprojection")
    steps = pose.sample(num_samples=10, num_frames=2, energy=energy, energy_scale=1.0)
    *_, last = steps
    assert last.sample.shape == (10, 2, 17, 3)
    assert last.root.shape == (10, 2, 3)
    assert last.energy is not None and last.energy.shape == (10, 2)


def test_a_run_s_folder_is_as_good_as_its_checkpoint(tiny_prior: Path, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(tiny_prior.read_bytes())
    by_folder = _last(Platypose.from_pretrained(tmp_path, device="cpu").sample(2))
    by_file = _last(Platypose.from_pretrained(str(tiny_prior), device="cpu").sample(2))
    assert torch.equal(by_folder.sample, by_file.sample)


def test_there_is_one_step_a_noise_level(pose: Platypose) -> None:
    steps = list(pose.sample(3, 2))
    assert [step.index for step in steps] == list(range(1, 9))
    assert {step.total for step in steps} == {8}
    assert [step.denoiser_calls for step in steps] == list(range(1, 9))
    sigmas = [step.sigma for step in steps]
    assert sigmas == sorted(sigmas, reverse=True)


def test_steps_that_were_let_go_are_freed(pose: Platypose, evidence: Evidence) -> None:
    energy = pose.energy(evidence, "reprojection", "smoothness")
    earlier: list[weakref.ref[Tensor]] = []
    for step in pose.sample(3, 2, energy=energy, sampler="guided-ddim:substeps=1"):
        gc.collect()
        assert [ref() for ref in earlier[:-1]] == [None] * (len(earlier) - 1 if earlier else 0)
        earlier.append(weakref.ref(step.sample))
    assert len(earlier) == 16


def test_no_step_drags_a_graph_along(pose: Platypose, evidence: Evidence) -> None:
    energy = pose.energy(evidence, "reprojection")
    for step in pose.sample(2, 2, energy=energy, sampler=QUICK):
        assert step.sample.grad_fn is None and step.root.grad_fn is None


def test_a_gradient_passes_through_the_denoiser_where_a_sampler_asks_for_it(
    pose: Platypose, evidence: Evidence
) -> None:
    energy = pose.energy(evidence, "reprojection")
    last = _last(pose.sample(3, 2, energy=energy, sampler="dps:calls=3"))
    free = _last(pose.sample(3, 2, sampler="dps:calls=3"))
    assert last.energy is not None and not last.energy.requires_grad
    assert not torch.equal(last.sample, free.sample)
    assert all(weight.grad is None for weight in pose.prior.denoiser.parameters())
    assert not pose._denoise(torch.zeros(1, 1, 17, 3), 1.0, 8).requires_grad
    assert pose._denoise(torch.zeros(1, 1, 17, 3).requires_grad_(), 1.0, 8).requires_grad


def test_the_seed_decides_the_samples(pose: Platypose, evidence: Evidence) -> None:
    energy = pose.energy(evidence, "reprojection")
    first, again, other = (
        _last(pose.sample(3, 2, energy=energy, seed=s, sampler=QUICK)) for s in (5, 5, 6)
    )
    assert torch.equal(first.sample, again.sample) and torch.equal(first.root, again.root)
    assert not torch.allclose(first.sample, other.sample, atol=1e-3)


def test_the_global_random_state_is_not_used(pose: Platypose) -> None:
    before = torch.get_rng_state()
    _last(pose.sample(2, sampler="ancestral"))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_root_joint_is_the_origin_of_each_sample(pose: Platypose, evidence: Evidence) -> None:
    energy = pose.energy(evidence, "reprojection")
    for step in pose.sample(2, 2, energy=energy, sampler=QUICK):
        assert (step.sample[:, :, 0] == 0).all()
        assert torch.equal(step.joints[:, :, 0], step.root)


def test_without_energy_the_root_is_the_origin(pose: Platypose) -> None:
    last = _last(pose.sample(4, 3, sampler="ancestral"))
    assert last.energy is None
    assert (last.root == 0).all() and torch.isfinite(last.sample).all()


def test_a_prior_of_single_frames_gives_every_frame_of_a_free_clip_the_same_pose(
    pose: Platypose,
) -> None:
    sample = _last(pose.sample(4, 3)).sample
    torch.testing.assert_close(sample[:, 1:], sample[:, :1].expand(-1, 2, -1, -1))


def test_hypotheses_are_not_coupled(pose: Platypose, evidence: Evidence) -> None:
    energy = pose.energy(evidence, "reprojection")
    # PyTorch gives more numbers the same beginning where both counts are multiples of 16.
    few, more = (_last(pose.sample(n, 2, energy=energy, sampler=QUICK)) for n in (16, 32))
    torch.testing.assert_close(more.sample[:16], few.sample, atol=1e-4, rtol=0)


def test_guidance_lowers_the_energy(pose: Platypose, evidence: Evidence) -> None:
    energy = pose.energy(evidence, "reprojection")
    free, guided = (_last(pose.sample(5, 2, energy=e, sampler=QUICK)) for e in (None, energy))
    unguided = energy(free.sample + energy.root(free.sample)[:, :, None])
    assert (energy(guided.joints) < unguided).all()


def test_roots_that_a_sampler_draws_are_those_of_the_step(
    pose: Platypose, evidence: Evidence
) -> None:
    """Not those that suit the poses best; and the energy is at them."""
    energy = pose.energy(evidence, "reprojection")
    with pytest.warns(UserWarning, match="platypose measure-residuals"):
        last = _last(pose.sample(5, 2, energy=energy, sampler="posterior:calls=2"))
    assert (last.root - energy.root(last.sample)).abs().max() > 1e-3
    torch.testing.assert_close(last.energy, energy(last.joints))
    assert (last.sample[:, :, 0] == 0).all()


@pytest.mark.filterwarnings("ignore:This prior does not say")
def test_a_known_root_is_kept_by_a_sampler_that_draws_roots(
    pose: Platypose, evidence: Evidence
) -> None:
    energy = pose.energy(evidence, "reprojection", root="known")
    last = _last(pose.sample(5, 2, energy=energy, sampler="posterior:calls=2"))
    known = torch.as_tensor(evidence.root).float()
    torch.testing.assert_close(last.root, known.expand(5, -1, -1))


def test_scale_zero_is_the_prior(pose: Platypose, evidence: Evidence) -> None:
    energy = pose.energy(evidence, "reprojection")
    free = _last(pose.sample(3, 2, sampler=QUICK))
    scaled = _last(pose.sample(3, 2, energy=energy, energy_scale=0.0, sampler=QUICK))
    torch.testing.assert_close(scaled.sample, free.sample)


def test_several_energies_add_up_with_their_scales(pose: Platypose, evidence: Evidence) -> None:
    joints = scene.hypotheses(2, dtype=torch.float32, device=torch.device("cpu"))
    both = pose.energy(evidence, "reprojection:scale=0.5", "bone-length:scale=2")
    first, second = (pose.energy(evidence, name) for name in ("reprojection", "bone-length"))
    torch.testing.assert_close(both(joints), 0.5 * first(joints) + 2 * second(joints))


def test_an_added_energy_changes_the_result(pose: Platypose, evidence: Evidence) -> None:
    alone = pose.energy(evidence, "reprojection")
    more = pose.energy(evidence, "reprojection", "bone-length")
    first, second = (
        _last(pose.sample(3, 2, energy=energy, sampler=QUICK)) for energy in (alone, more)
    )
    assert not torch.allclose(first.sample, second.sample, atol=1e-3)


def test_any_function_of_joints_is_an_energy_about_the_origin(pose: Platypose) -> None:
    def low_head(joints: Tensor) -> Tensor:
        return 1000 * (joints[:, :, 10, 2] - 0.1).square()

    # A sampler that goes to the energy wherever the prior is: this one's weights are random.
    last = _last(pose.sample(4, 1, energy=low_head, sampler="guided-ddim"))  # type: ignore[arg-type]
    torch.testing.assert_close(last.sample[:, 0, 10, 2], torch.full((4,), 0.1), atol=0.05, rtol=0)


@pytest.mark.parametrize("precision", ["bfloat16", "float64"])
def test_precision_is_the_network_s(
    precision: str, tiny_prior: Path, evidence: Evidence, pose: Platypose
) -> None:
    other = Platypose.from_pretrained(tiny_prior, device="cpu", precision=precision)  # type: ignore[arg-type]
    last = _last(other.sample(2, 2, energy=other.energy(evidence, "reprojection"), sampler=QUICK))
    assert last.sample.dtype == (torch.float64 if precision == "float64" else torch.float32)
    assert torch.isfinite(last.joints).all()
    network = next(iter(other.prior.denoiser.parameters()))
    assert network.dtype == getattr(torch, precision)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p, e: p.sample(0), "at least 1"),
        (lambda p, e: p.sample(1, 0), "at least 1"),
        (lambda p, e: p.sample(1, 3, energy=e), "The evidence has 2 frames, but num_frames is 3"),
        (lambda p, e: p.sample(1, sampler="guided-dim"), "did you mean guided-ddim"),
        (lambda p, e: p.sample(1, sampler="guided-ddim:skips=1"), "did you mean skip"),
        (lambda p, e: list(p.sample(1, sampler="guided-ddim:skip=20")), "skip .* is 20"),
        (lambda p, e: p.energy(scene.evidence(1), "reprojektion"), "did you mean .*reprojection"),
    ],
)
def test_numbers_and_names_that_do_not_fit_are_one_sentence(
    call: Callable[..., object], message: str, pose: Platypose, evidence: Evidence
) -> None:
    with pytest.raises(UserError, match=message):
        call(pose, pose.energy(evidence, "reprojection"))


def test_a_prior_of_clips_refuses_longer_ones(pose: Platypose) -> None:
    import attrs

    header = attrs.evolve(pose.prior.header, frames=4)
    clips = Platypose(attrs.evolve(pose.prior, header=header))
    assert _last(clips.sample(1, 4)).sample.shape == (1, 4, 17, 3)
    with pytest.raises(UserError, match="clips of up to 4 frames, not 5"):
        clips.sample(1, 5)


def test_the_prior_of_a_path_that_is_wrong_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"There is no prior at .*; the installed ones: "):
        Platypose.from_pretrained(tmp_path)


def test_a_folder_without_a_checkpoint_does_not_hide_an_installed_prior(
    tiny_prior: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Installed:
        def locate(self) -> Path:
            return tiny_prior

    found = Plugins()
    found.registry(WEIGHTS).register("mine", Config, lambda config, context: Installed())
    use(found)
    try:
        monkeypatch.chdir(tmp_path)
        Path("mine").mkdir()
        assert (absolute("mine"), locate("mine")) == ("mine", tiny_prior)
    finally:
        use(None)


@pytest.mark.parametrize("energy", ["reprojection", "smoothness"])
def test_samples_are_the_same_whatever_the_chunk(
    tiny_prior: Path, evidence: Evidence, energy: str
) -> None:
    """With a curvature of the energy's own, and with one that is estimated."""
    pose = Platypose.from_pretrained(tiny_prior, precision="float64")
    guidance = pose.energy(evidence, "reprojection", energy)
    whole, pieces = (
        _last(pose.sample(5, 2, energy=guidance, sampler="posterior:calls=2", chunk=chunk))
        for chunk in (1000, 4)
    )
    torch.testing.assert_close(pieces.sample, whole.sample, rtol=0, atol=1e-7)
    torch.testing.assert_close(pieces.root, whole.root, rtol=0, atol=1e-6)
