"""`harness golden show`: a golden, and another answer beside it, as text and as a picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from deploy import config as configuration
from harness import goldens
from harness.cases import of_project
from harness.cli import main
from harness.core.errors import ConfigurationError
from harness.goldens import Golden, Sent
from harness.rehearsal.golden import lines
from harness.rehearsal.golden.show import Options, Shown, show
from harness.report import kept
from tests.harness.goldens.examples import body_of, found, golden, npy, picture, predictions
from tests.harness.rehearsal.golden.endpoint import project


def with_golden(folder: Path, body: bytes, content_type: str = "application/json") -> Golden:
    """The project's golden of its rose."""
    (rose, *_) = of_project(configuration.load(project(folder)))
    made = replace(golden(body, content_type), sent=Sent.of(rose))
    goldens.write(folder / "rose.golden.json", made)
    return made


def shown(folder: Path, answer: Path | None = None) -> Shown:
    return show(
        Options(config_path=folder / "rehearsal.toml", case="rose", answer=answer, report_dir=folder / "report")
    )


def test_without_another_answer_the_golden_is_shown(tmp_path: Path) -> None:
    with_golden(tmp_path, b'{"label": "rose"}')
    found = shown(tmp_path)
    assert (found.lines, found.other, found.findings, found.picture) == (('{"label": "rose"}',), None, (), None)


def test_the_answer_of_the_last_report_is_beside_it(tmp_path: Path) -> None:
    made = with_golden(tmp_path, b'{"label": "rose"}')
    kept.write(tmp_path / "report", [replace(made, content={"label": "lily"}), replace(made, case="good again")])
    found = shown(tmp_path)
    assert str(found.other).startswith("the answer of 2026-03-04 05:06 UTC in ")
    assert [each.check for each in found.findings] == ["golden.json"]
    assert found.lines[-2:] == ('-{"label": "rose"}', '+{"label": "lily"}')


def test_a_given_answer_may_be_as_it_came_or_a_golden(tmp_path: Path) -> None:
    made = with_golden(tmp_path, b"[1.0]")
    (tmp_path / "answer.out").write_bytes(b"[2.0]")
    goldens.write(tmp_path / "other.golden.json", replace(made, content=[2.0]))
    for name in ("answer.out", "other.golden.json"):
        assert shown(tmp_path, tmp_path / name).findings[0].message == "golden: /0: 2.0, expected is 1.0"
    (tmp_path / "answer.csv").write_bytes(b"2.0")
    assert shown(tmp_path, tmp_path / "answer.csv").findings[0].check == "golden.type"


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [("absent.json", None, "cannot be read (No such file or directory)"), ("a.json", b"{", "is no answer of type"),
     ("a.npy", b"", "is no answer of type application/x-npy"),
     ("b.json", b'{"schema": "rehearsal.golden/9"}', "golden/9")],
)  # fmt: skip
def test_an_answer_that_is_none_is_refused(tmp_path: Path, name: str, body: bytes | None, said: str) -> None:
    with_golden(tmp_path, b"{}")
    if body is not None:
        (tmp_path / name).write_bytes(body)
    with pytest.raises(ConfigurationError) as error:
        shown(tmp_path, tmp_path / name)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("was", "now", "content_type", "said"),
    [
        (npy([1.0, 2.0]), npy([1.0, 3.0]), "application/x-npy", "+array 0: float64 (2,) 1 to 3, mean 2"),
        (b"a\nb\n", b"a\nc\n", "text/plain", "+c"),
        (b"\x00\x01", b"\x00\x02", "application/x-own", "+000000  00 02"),
    ],
)
def test_every_kind_has_lines(tmp_path: Path, was: bytes, now: bytes, content_type: str, said: str) -> None:
    assert said in lines.difference(golden(was, content_type), golden(now, content_type))


def test_lines_are_no_wider_than_a_terminal_few_and_harmless(tmp_path: Path) -> None:
    long = golden(("x" * 300 + "\x1b[31m\n" * 10_000).encode(), "text/plain")
    told = lines.shown(long)
    assert max(map(len, told)) == 80
    assert len(told) == 201
    assert "\x1b" not in "".join(told)
    assert len(lines.difference(long, golden(b"y\n" * 10_000, "text/plain"))) == 201


def clip_of(folder: Path, count: int) -> None:
    frames = np.stack([np.full((90, 160, 3), 20 * number, np.uint8) for number in range(count)])
    np.save(folder / "clip.npy", frames)
    config = project(folder)
    config.write_text(config.read_text().replace("rose.bin", "clip.npy"))


def detector(folder: Path, count: int, *frames: Any) -> Golden:
    clip_of(folder, count)
    (rose, *_) = of_project(configuration.load(folder / "rehearsal.toml"))
    made = golden(body_of(predictions(*frames, video={"width": 160, "height": 90})))
    made = replace(made, sent=Sent.of(rose))
    goldens.write(folder / "rose.golden.json", made)
    return made


def test_a_detectors_frames_that_drifted_move_side_by_side(tmp_path: Path) -> None:
    dog = found((20, 20, 60, 60))
    made = detector(tmp_path, 4, [dog], [dog], [dog], [])
    answer = predictions([dog], [], [found((40, 20, 80, 60))], [], video={"width": 160, "height": 90})
    kept.write(tmp_path / "report", [replace(made, content=answer)])
    drifted = shown(tmp_path)
    assert drifted.picture == tmp_path / "report" / "golden-rose.gif"
    with Image.open(drifted.picture) as gif:
        assert getattr(gif, "n_frames", 1) == 2
        assert gif.size == (2 * 320 + 4, 180)
        first = np.asarray(gif.convert("RGB"), dtype=np.int64)
    assert "-  dog 0.900 [20.0, 20.0, 60.0, 60.0]" in drifted.lines
    # In frame 1 the dog is drawn on the left, in the golden, and on the right no more.
    left, right = first[30:130, 30:130], first[30:130, 324 + 30 : 324 + 130]
    assert left.std() > 10 * right.std()


def test_one_frame_is_a_still_picture_and_media_that_is_gone_none(tmp_path: Path) -> None:
    detector(tmp_path, 1, [found((20, 20, 60, 60))])
    still = shown(tmp_path).picture
    assert still is not None
    assert still.suffix == ".png"
    made = with_golden(tmp_path, body_of(predictions([found((0, 0, 9, 9))])))
    assert made.kind == "detections"
    assert shown(tmp_path).picture is None


def test_pictures_are_shown_side_by_side(tmp_path: Path) -> None:
    grey = np.full((40, 60, 3), 100, np.uint8)
    made = with_golden(tmp_path, picture(grey), "image/png")
    cv2.imwrite(str(tmp_path / "now.png"), grey[:20] + 50)
    both = shown(tmp_path, tmp_path / "now.png")
    assert both.picture is not None
    with Image.open(both.picture) as image:
        assert image.size == (60 + 4 + 60, 40)
    assert [each.check for each in both.findings] == ["golden.image"]
    assert made.kind == "image"


def run(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main.main(["golden", *map(str, words)])
    return int(ended.value.code or 0)


def test_the_command_prints_what_differs_at_eighty_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = with_golden(tmp_path, b'{"label": "rose", "scores": [0.5]}')
    (tmp_path / "now.json").write_text(json.dumps({"label": "rose", "scores": ["x" * 500]}))
    words = ("show", "rose", tmp_path / "now.json", "--config", tmp_path / "rehearsal.toml")
    assert run(*words) == 0
    printed = capsys.readouterr().out
    assert "golden: /scores/0" in printed
    assert [line for line in printed.splitlines() if len(line) > 80 and str(tmp_path) not in line] == []
    assert run(*words, "--output", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["kind"]) == ("rehearsal.golden-shown/1", made.kind)


def test_a_wrong_name_or_a_missing_golden_is_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = project(tmp_path)
    for command, said in (
        (("show", "roze"), "did you mean rose?"),
        (("show", "rose"), "is not there: `harness golden record` writes it"),
        (("check",), "is not there: `harness golden record` writes it"),
        (("record", "--case", "roze"), "did you mean rose?"),
    ):
        assert run(*command, "--config", config) == 2
        assert said in capsys.readouterr().err.replace("\n", " ")


def test_an_answer_of_another_kind_has_no_side(tmp_path: Path) -> None:
    with_golden(tmp_path, picture(np.zeros((4, 4, 3), np.uint8)), "image/png")
    (tmp_path / "now.json").write_bytes(b"{}")
    found = shown(tmp_path, tmp_path / "now.json")
    assert [each.check for each in found.findings] == ["golden.type"]
    assert found.picture is not None
    (tmp_path / "now.png").write_bytes(b"no picture")
    with pytest.raises(ConfigurationError, match="it is no picture that can be decoded"):
        shown(tmp_path, tmp_path / "now.png")
