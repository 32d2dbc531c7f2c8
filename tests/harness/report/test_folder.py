from __future__ import annotations

import base64
import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from deploy.core.errors import DeployError
from deploy.evidence import Case, read
from harness.report import kept
from harness.report.drawing.clip import CasePictures
from harness.report.folder import write_all
from tests.harness.goldens.examples import golden, npy
from tests.harness.report.examples import clip, good_case, pictures, refused_case, report
from tests.harness.report.test_html import Page

MEGABYTE = 1_000_000


def user_case(name: str) -> Case:
    return good_case(name, kind="user_video")


def test_the_folder_holds_every_file_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    written = write_all(report(), [pictures("known answer", clip(tmp_path))], out)
    names = sorted(path.name for path in out.iterdir())
    assert names == ["detections.gif", "junit.xml", "report.html", "report.json", "summary.md"]
    assert read(written.report_json) == report()


def test_the_page_is_one_file_with_its_pictures_inside(tmp_path: Path) -> None:
    written = write_all(report(), [pictures("known answer", clip(tmp_path))], tmp_path / "out")
    seen = Page(written.report_html.read_text())
    addresses = [
        str(attributes[name])
        for _, attributes in seen.elements
        for name in ("src", "href", "srcset", "data", "action")
        if attributes.get(name)
    ]
    assert all(address.startswith(("data:image/", "#")) for address in addresses)
    assert seen.tags("link") == seen.tags("script") == seen.tags("iframe") == []
    assert "url(" not in seen.text
    assert "@import" not in seen.text
    images = seen.tags("img")
    assert len(images) == 5
    assert all(image["alt"] for image in images)
    assert str(images[1]["alt"]) == "Frame 2 with detections drawn: red circle"


def test_the_gif_of_the_folder_is_the_gif_of_the_page(tmp_path: Path) -> None:
    written = write_all(report(), [pictures("known answer", clip(tmp_path))], tmp_path / "out")
    assert written.detections_gif is not None
    encoded = base64.b64encode(written.detections_gif.read_bytes()).decode()
    assert f"data:image/gif;base64,{encoded}" in written.report_html.read_text()
    with Image.open(written.detections_gif) as gif:
        assert getattr(gif, "n_frames", 1) == 10
        assert gif.info["duration"] == 200


def test_the_users_own_video_is_the_one_that_moves(tmp_path: Path) -> None:
    media = clip(tmp_path)
    evidence = report([good_case(), user_case("mine.mp4")])
    written = write_all(evidence, [pictures("known answer", media), pictures("mine.mp4", media)], tmp_path / "out")
    assert "mine.mp4: its detections" in Page(written.report_html.read_text()).text.replace("\n", "")


def test_a_gif_of_an_earlier_run_does_not_stay(tmp_path: Path) -> None:
    write_all(report(), [pictures("known answer", clip(tmp_path))], tmp_path / "out")
    written = write_all(report(), [], tmp_path / "out")
    assert written.detections_gif is None
    assert not (tmp_path / "out" / "detections.gif").exists()


def test_media_that_vanished_costs_the_pictures_not_the_report(tmp_path: Path) -> None:
    written = write_all(report(), [pictures("known answer", tmp_path / "gone.mp4")], tmp_path / "out")
    assert written.detections_gif is None
    assert "No pictures of this case" in written.report_html.read_text()


def test_two_hundred_cases_with_pictures_stay_a_few_megabytes(tmp_path: Path) -> None:
    media = clip(tmp_path, width=640, height=360)
    cases = [user_case(f"clip {number:03}.mp4") for number in range(199)]
    bad = good_case("the bad one", map_50=0.1)
    material = [pictures(case.name, media) for case in [*cases, bad]]
    written = write_all(report([*cases, bad]), material, tmp_path / "out")
    assert written.report_html.stat().st_size < 6 * MEGABYTE
    seen = Page(written.report_html.read_text())
    assert len(seen.tags("details")) == 200
    assert len(seen.tags("img")) == 48 + 1
    assert "<img" in written.report_html.read_text().split('id="case-200"')[1], "what did not pass is shown first"


def test_the_evidence_is_written_before_anything_that_could_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out" / "junit.xml").mkdir(parents=True)
    with pytest.raises(DeployError, match=r"junit\.xml: cannot write"):
        write_all(report(), [], tmp_path / "out")
    assert read(tmp_path / "out" / "report.json") == report()


def test_a_case_without_a_picture_is_no_reason_to_stop(tmp_path: Path) -> None:
    nothing = CasePictures("known answer", tmp_path / "absent.mp4", ())
    written = write_all(report([good_case(), refused_case(os.fsdecode(b"caf\xe9"))]), [nothing], tmp_path / "out")
    assert r"caf\udce9" in written.report_html.read_text()


def test_frames_that_drifted_are_shown_beside_the_golden_with_the_room_of_two(tmp_path: Path) -> None:
    drawn = pictures("known answer", clip(tmp_path))
    pair = replace(drawn, frames=tuple(replace(frame, golden=()) for frame in drawn.frames[:2]))
    alone, both = (
        Page(write_all(report(), [material], tmp_path / "out").report_html.read_text()) for material in (drawn, pair)
    )
    assert [each.get("class") for each in both.tags("figure")].count("pair") == 2
    assert "the golden, and the answer" in both.text
    assert "pair" not in [each.get("class") for each in alone.tags("figure")]


def test_the_answers_of_cases_with_a_golden_are_kept_and_those_of_an_earlier_run_go(tmp_path: Path) -> None:
    rose, same_name, body = golden(b"[1]", case="a rose"), golden(b"[2]", case="a-rose"), npy([1.0])
    write_all(report(), [], tmp_path, [rose, same_name, golden(body, "application/x-npy", case="lily")])
    assert kept.answer_to(tmp_path, "a rose") == rose
    assert kept.answer_to(tmp_path, "a-rose") == same_name
    write_all(report(), [], tmp_path, [rose])
    assert [path.name for path in (tmp_path / "answers").iterdir()] == ["a-rose.golden.json"]
    assert kept.answer_to(tmp_path, "lily") is None
    (tmp_path / "answers" / "a-rose.golden.json").write_text("{")
    assert kept.answer_to(tmp_path, "a rose") is None
