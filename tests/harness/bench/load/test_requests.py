"""What a benchmark sends: the good cases, those chosen, or a clip; and what does not fit into the mode."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy import config
from deploy.config.sections import MAX_PAYLOAD_BYTES
from deploy.realtime_client import MAX_BODY_BYTES
from harness.bench.load import requests
from harness.bench.load.reading import Count, Frames, Pointed, Uncounted
from harness.bench.load.requests import Load
from harness.core.errors import ConfigurationError

CASES = """
[[case]]
name = "rose"
file = "rose.jpg"
items = 1
[[case]]
name = "rows"
file = "rows.json"
accept = "text/csv"
custom_attributes = "top_k=3"
items = "/rows"
[[case]]
name = "broken"
file = "broken.jpg"
expect.status = "failed"
"""


def write(folder: Path, mode: str = "async", cases: str = CASES) -> Path:
    for name in ("rose.jpg", "rows.json", "broken.jpg"):
        (folder / name).write_bytes(name.encode())
    path = folder / "rehearsal.toml"
    path.write_text(f'[project]\nname = "demo"\n[endpoint]\nmode = "{mode}"\n{cases}')
    return path


def load(path: Path, given: Sequence[str] = (), video: Path | None = None, *, is_flagship: bool = False) -> Load:
    return requests.load_of(requests.read(config.load(path), video, given), is_flagship=is_flagship)


def test_every_good_case_is_sent_as_it_says_and_no_bad_one(tmp_path: Path) -> None:
    rose, rows = load(write(tmp_path)).sent
    assert (rose.name, rose.request.content_type, rose.request.accept) == ("rose", "image/jpeg", "application/json")
    assert (rows.request.accept, rows.request.attributes) == ("text/csv", "top_k=3")
    assert (rose.reader.meter, rows.reader.meter) == (Count(1), Pointed("/rows"))


def test_a_case_is_chosen_by_name_and_any_file_may_be_sent(tmp_path: Path) -> None:
    path = write(tmp_path)
    found = load(path, ["rows", f"{tmp_path / 'rose.jpg'}:application/x-image", "rows"])
    assert [each.name for each in found.sent] == ["rows", "rose.jpg"]
    assert (found.sent[1].request.content_type, found.sent[1].reader.meter) == ("application/x-image", Uncounted())
    assert found.unit is None, "requests/s only, because it is not said what the file holds"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("broken", "--case broken: this case must fail, and a benchmark sends good requests"),
        ("tulip", "there is no file tulip; write FILE or FILE:CONTENT_TYPE, or the name of a case: rose, rows"),
    ],
)
def test_a_case_that_cannot_be_chosen_says_why(tmp_path: Path, given: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(write(tmp_path), [given])
    assert said in str(refused.value)
    assert refused.value.exit_code == 2


def test_without_a_good_case_there_is_nothing_to_measure(tmp_path: Path) -> None:
    only_bad = CASES[CASES.index('[[case]]\nname = "broken"') :]
    with pytest.raises(ConfigurationError, match=r"rehearsal\.toml: no good case to send: .* or --case FILE"):
        load(write(tmp_path, cases=only_bad))


def test_a_clip_and_cases_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--video and --case exclude each other"):
        load(write(tmp_path), ["rose"], tmp_path / "rose.jpg")


def test_a_file_given_as_video_is_a_file_like_any_other_to_a_handler_that_is_not_the_flagships(tmp_path: Path) -> None:
    (sent,) = load(write(tmp_path), video=tmp_path / "rose.jpg").sent
    assert (sent.name, sent.request.content_type, sent.reader.meter) == ("rose.jpg", "image/jpeg", Uncounted())


def test_the_flagship_is_sent_the_clip_of_its_known_answer_and_must_tell_its_frames(tmp_path: Path) -> None:
    found = load(write(tmp_path), is_flagship=True)
    assert (found.is_flagships_clip, found.unit) == (True, "frames")
    assert found.clip.facts is not None
    (chosen,) = load(write(tmp_path), [str(tmp_path / "rose.jpg")], is_flagship=True).sent
    assert chosen.reader.meter == Frames(is_demanded=False)


def test_a_file_in_which_the_flagship_sees_no_frame_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no frame of it can be decoded"):
        load(write(tmp_path), video=tmp_path / "rows.json", is_flagship=True)


def make_large(path: Path, size_bytes: int) -> None:
    with path.open("wb") as file:
        file.truncate(size_bytes)


def test_what_no_real_time_endpoint_takes_is_a_finding_and_is_not_sent(tmp_path: Path) -> None:
    path = write(tmp_path, "realtime")
    make_large(tmp_path / "rose.jpg", MAX_BODY_BYTES + 1)
    found = load(path)
    assert [each.name for each in found.sent] == ["rows"]
    (finding,) = found.findings
    assert (finding.severity, finding.where) == ("error", "rose")
    assert finding.message == "rose.jpg has 6,291,457 bytes, and InvokeEndpoint takes 6,291,456: it is not sent"
    assert 'mode = "async"' in (finding.advice or "")
    assert load(write(tmp_path)).findings == ()


def test_where_nothing_fits_nothing_starts(tmp_path: Path) -> None:
    path = write(tmp_path, "realtime")
    make_large(tmp_path / "rose.jpg", MAX_BODY_BYTES + 1)
    with pytest.raises(ConfigurationError, match=r"rose: rose\.jpg has 6,291,457 bytes"):
        load(path, ["rose"])


def test_an_asynchronous_endpoint_takes_a_gigabyte(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "rose.jpg").unlink()
    make_large(tmp_path / "rose.jpg", MAX_PAYLOAD_BYTES + 1)
    (finding,) = load(path).findings
    assert "an asynchronous endpoint takes 1,073,741,824" in finding.message


def test_what_makes_figures_different_makes_another_identity(tmp_path: Path) -> None:
    def identities(old: str = "", new: str = "") -> list[str]:
        return [each.identity() for each in load(write(tmp_path, cases=CASES.replace(old, new))).sent]

    plain = identities()
    assert identities("top_k=3", "top_k=4") != plain
    assert identities('"/rows"', '"/lines"') != plain
    assert identities("items = 1", "items = 1\nexpect.max_seconds = 3.0") != plain
    assert identities('"rose"', '"a rose"') == plain
