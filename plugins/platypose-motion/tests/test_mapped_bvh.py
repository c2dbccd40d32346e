from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from platypose_motion.cmu import Cmu
from platypose_motion.config import BvhConfig
from platypose_motion.mapped_bvh import MappedBvh, build
from platypose_motion.pose_joints import DAZ

from platypose.api import BuildContext, Dataset, UserError
from platypose.compute import plain_context
from platypose.skeleton import H36M_17

Write = Callable[..., str]
JOINT = {name: index for index, name in enumerate(H36M_17.joints)}


@pytest.fixture
def context() -> BuildContext:
    return plain_context()


def _map() -> dict[str, object]:
    """The daz figure without a crown, by hand."""
    joints = {name: dict(weights) for name, weights in DAZ.items()}
    joints["neck"] = {"head": 1.0}
    joints["head"] = {"neck": -1.0, "head": 2.0}
    return {"metres": 0.01, "joints": joints, "toes": ["lFoot End", "rFoot End"], "test": ["Ben"]}


def _build(folder: Path, content: dict[str, object], context: BuildContext) -> MappedBvh:
    file = folder / "map.yaml"
    file.write_text(yaml.safe_dump(content))
    return build(BvhConfig(map=file), context)


def test_a_map_reads_what_the_data_set_of_its_own_reads(
    tmp_path: Path, daz: Write, context: BuildContext
) -> None:
    folder = tmp_path / "motion"
    folder.mkdir()
    (folder / "Ben_stands.bvh").write_text(daz())
    (folder / "Anna_stands.bvh").write_text(daz())
    dataset = _build(tmp_path, _map(), context)
    assert isinstance(dataset, Dataset)
    assert pickle.loads(pickle.dumps(dataset)) == dataset
    anna, ben = dataset.trials([folder])
    assert (anna.name, anna.subject, anna.split) == ("Anna_stands", "Anna", "train")
    assert (ben.name, ben.subject, ben.split) == ("Ben_stands", "Ben", "test")
    recording = dataset.read(anna)
    assert recording.frame_rate == 120.0

    (tmp_path / "cmu").mkdir()
    (tmp_path / "cmu/02_01.bvh").write_text(daz())
    cmu = Cmu()
    twin = cmu.read(cmu.trials([tmp_path / "cmu"])[0])
    limbs = [index for name, index in JOINT.items() if name not in ("neck", "head")]
    np.testing.assert_allclose(recording.positions[12:, limbs], twin.positions[:, limbs])
    assert recording.toes is not None
    assert twin.toes is not None
    np.testing.assert_allclose(recording.toes[12:], twin.toes)


def test_files_with_z_up_are_not_turned(tmp_path: Path, daz: Write, context: BuildContext) -> None:
    (tmp_path / "a.bvh").write_text(daz())
    y_up, z_up = (_build(tmp_path, _map() | {"up": up}, context) for up in ("y", "z"))
    trial = y_up.trials([tmp_path])[0]
    turned, as_it_is = y_up.read(trial).positions, z_up.read(trial).positions
    np.testing.assert_allclose(turned, as_it_is[..., [2, 0, 1]])


def test_people_may_be_named_by_folders_and_toes_left_out(
    tmp_path: Path, daz: Write, context: BuildContext
) -> None:
    (tmp_path / "motion/Ben").mkdir(parents=True)
    (tmp_path / "motion/Ben/walk_1.bvh").write_text(daz())
    content = _map() | {"subject": "([^/]+)/[^/]+", "toes": []}
    dataset = _build(tmp_path, content, context)
    (trial,) = dataset.trials([tmp_path / "motion"])
    assert (trial.name, trial.subject, trial.split) == ("Ben/walk_1", "Ben", "test")
    assert dataset.read(trial).toes is None
    (tmp_path / "motion/stray.bvh").write_text(daz())
    with pytest.raises(UserError, match=r'map\.yaml: subject .* finds nobody in "stray"\.'):
        dataset.trials([tmp_path / "motion"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metres": 0.0}, r"map\.yaml: metres must be above 0, not 0"),
        ({"up": "x"}, r"map\.yaml: up"),
        ({"toes": ["lFoot"]}, r"toes must be two joints, left and right"),
        ({"subject": "("}, r"subject is no regular expression"),
        ({"subject": "Ben"}, r"subject must have a group, in parentheses"),
        ({"joints": {"hip": {"hip": 1.0}}}, r"joints lacks right_hip, right_knee"),
        ({"joints": {"tail": {"hip": 1.0}}}, r"joints names tail, which the pose h36m-17"),
        ({"sise": 3}, r"map\.yaml: sise"),
    ],
)
def test_a_wrong_map_is_one_sentence(
    tmp_path: Path, change: dict[str, object], message: str, context: BuildContext
) -> None:
    with pytest.raises(UserError, match=message):
        _build(tmp_path, _map() | change, context)


def test_weights_must_have_the_sum_one(tmp_path: Path, context: BuildContext) -> None:
    content = _map()
    content["joints"]["hip"] = {"lThigh": 1.0, "rThigh": 1.0}  # type: ignore[index]
    with pytest.raises(UserError, match=r"the weights of hip must have the sum 1, not 2"):
        _build(tmp_path, content, context)


def test_a_file_that_lacks_a_joint_of_the_map_is_refused(
    tmp_path: Path, trial: Write, context: BuildContext
) -> None:
    (tmp_path / "a.bvh").write_text(trial(3))
    dataset = _build(tmp_path, _map(), context)
    with pytest.raises(UserError, match=r"a\.bvh has no joint .*lThigh"):
        dataset.read(dataset.trials([tmp_path])[0])
