"""Which cases a rehearsal sends, and to whose model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deploy import bundle, config
from deploy.bundle import Bundle
from deploy.config import Project
from harness import cases, goldens
from harness.core.errors import ConfigurationError
from harness.goldens import Sent
from harness.rehearsal import planning
from harness.rehearsal.planning import Planned
from tests.deploy.projects import write_project
from tests.harness.goldens.examples import golden


def made(folder: Path, *, flagship: bool, extra: str = "") -> tuple[Project, Bundle]:
    write_project(folder, extra=extra, of_the_flagship=flagship)
    (folder / "model.json").write_text(json.dumps({"schema": "rehearsal.model/1", "labels": {"1": "duck"}}))
    project = config.load(folder / config.FILE_NAME)
    return project, bundle.build(project, folder / "dist")


def planned(subject: tuple[Project, Bundle], folder: Path, *given: str) -> tuple[Planned, ...]:
    return planning.plan(*subject, planning.read(subject[0], (), given), folder)


def in_words(plan: tuple[Planned, ...]) -> list[str]:
    return [f"{each.case.name} -> {each.served_by}" for each in plan]


def test_a_stranger_has_no_companion_and_is_sent_its_cases_and_probes(tmp_path: Path) -> None:
    (tmp_path / "rose.jpg").write_bytes(b"x")
    extra = '[[case]]\nname = "bad"\nfile = "rose.jpg"\nexpect.status = "failed"\n[[case]]\nfile = "rose.jpg"\n'
    plan = planned(made(tmp_path, flagship=False, extra=extra), tmp_path, f"{tmp_path}/rose.jpg:image/png")
    assert in_words(plan) == [
        f"{name} -> own" for name in ("bad", "rose.jpg", "rose.jpg", "empty body", "random bytes", "good again")
    ]
    assert plan[-1].case.kind == "recovery"
    assert plan[-1].case.clip == plan[1].case.clip
    assert plan[-3].case.clip.content_type == "image/jpeg"


def test_a_stranger_without_cases_still_gets_its_probes(tmp_path: Path) -> None:
    assert in_words(planned(made(tmp_path, flagship=False), tmp_path)) == ["empty body -> own", "random bytes -> own"]


def test_a_strangers_clip_is_a_file_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    (clip, *_) = planned(made(tmp_path, flagship=False, extra='[validate]\nclips = ["clip.mp4"]\n'), tmp_path)
    assert (clip.case.kind, clip.case.clip.content_type) == ("user_case", "video/mp4")
    assert clip.case.expectation is not None


def test_the_flagship_with_other_labels_answers_the_clip_and_the_good_one_again_itself(tmp_path: Path) -> None:
    plan = planned(made(tmp_path, flagship=True), tmp_path)
    assert in_words(plan) == [
        "known answer -> companion",
        "known clip, your model -> own",
        "not a video -> own",
        "good again -> own",
    ]
    assert plan[0].case.truth is not None
    assert plan[1].case.truth is plan[3].case.truth is None


def test_a_case_that_is_missing_is_refused_before_anything_is_bundled(tmp_path: Path) -> None:
    project = write_project(tmp_path, extra='[[case]]\nfile = "no.jpg"\n')
    with pytest.raises(ConfigurationError, match=r"no\.jpg is not there"):
        planning.read(project, (), ())


GOLDEN = '[[case]]\nname = "rose"\nfile = "rose.jpg"\nexpect.golden = "rose.golden.json"\n'


def test_a_golden_is_read_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "rose.jpg").write_bytes(b"x")
    subject = made(tmp_path, flagship=False, extra=GOLDEN)
    with pytest.raises(ConfigurationError, match=r"expect.golden = .* is not there: `harness golden record` writes it"):
        planned(subject, tmp_path)
    (case,) = cases.of_project(subject[0])
    recorded = replace(golden(b"{}"), sent=Sent.of(case))
    goldens.write(tmp_path / "rose.golden.json", recorded)
    plan = planned(subject, tmp_path)
    assert [each.golden for each in plan] == [recorded, None, None, recorded]
    assert plan[-1].case.name == "good again"
    (tmp_path / "rose.jpg").write_bytes(b"another rose")
    with pytest.raises(ConfigurationError, match=r"is the answer to another file.* harness golden record --case rose"):
        planned(subject, tmp_path)
