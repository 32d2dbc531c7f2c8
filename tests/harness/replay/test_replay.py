"""The endpoint a kept request is sent to, and what a run of it is worth beside the recorded one."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.async_client import Completed, Failed, Submitted
from deploy.bundle.archive import Member, pack
from deploy.core.digests import digest_of_file
from deploy.core.errors import ConfigurationError as NotBundled
from deploy.failed_requests.kept import Input, Kept, Recorded, Served
from harness.core.errors import ConfigurationError
from harness.replay import asking, comparing, endpoint, rendering
from harness.replay.comparing import Replayed, Side
from harness.replay.endpoint import Archive

MOMENT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
UNREADABLE = b'{"error":{"code":"unreadable_media","message":"it is a text"}}'


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    for name, text in {"model.pth": "weights", "code/inference.py": "old", "code/old.py": "gone"}.items():
        path = tmp_path / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    files = [path for path in (tmp_path / "content").rglob("*") if path.is_file()]
    with (tmp_path / "model.tar.gz").open("wb") as out:
        pack([Member(path.relative_to(tmp_path / "content").as_posix(), path) for path in files], out)
    return tmp_path / "model.tar.gz"


@pytest.fixture
def kept(bundle: Path) -> Kept:
    return Kept(
        tool_version="0.1.0",
        fetched=MOMENT,
        source="s3://b/async/failure/x-error.out",
        request=Input(
            url="s3://b/async/input/x.mp4", file="input.mp4", size_bytes=1, sha256="0" * 64, content_type="video/mp4",
            accept=None, custom_attributes=None, inference_id="job", invocation_timeout_seconds=60,
        ),
        recorded=Recorded(url=None, at=MOMENT, status=400, code="unreadable_media", message="it is a text"),
        served=Served(
            endpoint_name="demo", release="0" * 12, how="", config_name="demo-0", bundle_url="s3://b/model.tar.gz",
            bundle_sha256=digest_of_file(bundle), image="image:1", resolved_image=None,
            environment={"TS_MAX_REQUEST_SIZE": "7", "TS_DEFAULT_RESPONSE_TIMEOUT": "60"}, region="eu-west-1",
            instance_type="ml.g5.xlarge", max_concurrent_invocations_per_instance=3, startup_timeout_seconds=77,
            model_download_timeout_seconds=88,
        ),
    )  # fmt: skip


def test_the_endpoint_has_the_recorded_settings_and_limits(kept: Kept, bundle: Path) -> None:
    archive = endpoint.recorded_archive(bundle, kept.served)
    wanted = endpoint.desired(kept, archive, kept.served.environment, "000000000000")
    model, config = wanted.model.request(), wanted.endpoint_config.request()
    (variant,) = config["ProductionVariants"]
    assert model["PrimaryContainer"]["Environment"] == kept.served.environment
    assert model["PrimaryContainer"]["Image"] == "image:1"
    assert variant["ContainerStartupHealthCheckTimeoutInSeconds"] == 77
    assert config["AsyncInferenceConfig"]["ClientConfig"] == {"MaxConcurrentInvocationsPerInstance": 3}
    assert wanted.bundle.sha256 == kept.served.bundle_sha256
    assert (wanted.region, wanted.endpoint.name) == ("eu-west-1", "demo")


def test_other_settings_are_another_release(kept: Kept, bundle: Path) -> None:
    archive = endpoint.recorded_archive(bundle, kept.served)
    first, second = (endpoint.desired(kept, archive, {"A": value}, "000000000000") for value in ("1", "2"))
    assert first.endpoint_config.name != second.endpoint_config.name


def test_changed_settings_are_told_and_secrets_are_not(kept: Kept) -> None:
    given = {"TS_MAX_REQUEST_SIZE": "7", "TS_DEFAULT_RESPONSE_TIMEOUT": "5", "MASKS": "rle", "HF_TOKEN": "hf_x"}
    assert list(endpoint.changed_settings(kept.served, given)) == [
        "TS_DEFAULT_RESPONSE_TIMEOUT=60 there, 5 here",
        "MASKS=(not set) there, rle here",
        "HF_TOKEN is as it was given here",
    ]


def test_a_kept_bundle_that_was_changed_is_refused(kept: Kept, bundle: Path) -> None:
    bundle.write_bytes(bundle.read_bytes() + b"\0")
    with pytest.raises(ConfigurationError, match=r"changed after it was fetched.*--handler"):
        endpoint.recorded_archive(bundle, kept.served)


def test_another_handler_replaces_the_code_and_nothing_else(kept: Kept, bundle: Path, tmp_path: Path) -> None:
    handler = tmp_path / "handler"
    handler.mkdir()
    (handler / "inference.py").write_text("new")
    recorded = endpoint.recorded_archive(bundle, kept.served)
    made = endpoint.with_handler(recorded, handler, tmp_path / "out" / "model.tar.gz")
    assert made.sha256 == digest_of_file(made.path) != recorded.sha256
    assert str(handler) in made.note
    with tarfile.open(made.path) as tar:
        assert tar.getnames() == ["code/inference.py", "model.pth"]
        found = tar.extractfile("code/inference.py")
        assert found is not None
        assert found.read() == b"new"


def test_a_folder_that_is_no_handler_is_refused(kept: Kept, bundle: Path, tmp_path: Path) -> None:
    recorded = endpoint.recorded_archive(bundle, kept.served)
    with pytest.raises(NotBundled, match=r"holds no inference\.py"):
        endpoint.with_handler(recorded, tmp_path / "content", tmp_path / "out.tar.gz")


def answer(body: bytes, *, failed: bool = True) -> Completed | Failed:
    sent = Submitted("job", "s3://b/in", "s3://b/out", "s3://b/failure")
    return Failed(sent, body, 1.5) if failed else Completed(sent, body, "application/json", 1.5)


def verdict(kept: Kept, given: Completed | Failed, status: int | None) -> str:
    recorded = None if kept.recorded is None else comparing.recorded_side(kept.recorded, "failure.out")
    return comparing.compare(recorded, comparing.here_side(given, status, "here.out"))


def test_the_same_code_and_message_are_the_same_failure(kept: Kept) -> None:
    assert verdict(kept, answer(UNREADABLE), 400) == "same_failure"
    assert verdict(kept, answer(UNREADABLE), None) == "same_failure"


@pytest.mark.parametrize(
    ("body", "status"),
    [(UNREADABLE, 500), (UNREADABLE.replace(b"unreadable", b"empty"), 400), (b"Worker died.", 500)],
)
def test_another_code_or_status_is_another_failure(kept: Kept, body: bytes, status: int) -> None:
    assert verdict(kept, answer(body), status) == "other_failure"


def test_an_answer_is_an_answer_whatever_was_recorded(kept: Kept) -> None:
    assert verdict(kept, answer(b"{}", failed=False), None) == "answered"


def test_without_a_record_a_failure_is_only_a_failure(kept: Kept) -> None:
    assert verdict(kept.model_copy(update={"recorded": None}), answer(UNREADABLE), 400) == "failed"


def replayed(kept: Kept, here: Side, **changes: object) -> Replayed:
    assert kept.recorded is not None
    recorded = comparing.recorded_side(kept.recorded, "failure.out")
    made = Replayed(
        tool_version="0.1.0", folder="kept", run="kept/runs/1", verdict=comparing.compare(recorded, here),
        input_url="s3://b/k", release="0" * 12, bundle_sha256="0" * 64, recorded=recorded, here=here, runtime="process",
        image=None, differences=("no GPU here",), log_excerpt="MODEL_LOG - refused",
    )  # fmt: skip
    return made.model_copy(update=changes)


def test_both_runs_are_shown_side_by_side_and_the_meaning_last(kept: Kept) -> None:
    here = comparing.here_side(answer(UNREADABLE), 400, "x")
    lines = rendering.text(replayed(kept, here)).splitlines()
    assert lines[0].split() == ["recorded", "here", "(process)"]
    assert [line.split() for line in lines[1:4]] == [
        ["outcome", "failed", "failed"], ["status", "400", "400"], ["code", "unreadable_media", "unreadable_media"]
    ]  # fmt: skip
    assert "both say it is a text" in lines
    assert "  MODEL_LOG - refused" in lines
    assert "differs  no GPU here" in lines
    assert lines[-1].startswith("the same failure: reproduced here")
    assert "`harness replay kept --handler handler`" in lines[-1]


def test_another_failure_shows_both_messages(kept: Kept) -> None:
    text = rendering.text(replayed(kept, comparing.here_side(answer(b"Worker died."), 500, "x")))
    assert "recorded it is a text\nhere     Worker died.\n" in text
    assert "another failure than the recorded one" in text


def test_an_answer_is_shown_without_the_log(kept: Kept) -> None:
    text = rendering.text(replayed(kept, comparing.here_side(answer(b"{}", failed=False), None, "x")))
    assert "MODEL_LOG" not in text
    assert text.splitlines()[-1].startswith("answered here: what failed there")


def test_without_a_record_its_column_is_empty(kept: Kept) -> None:
    here = comparing.here_side(answer(UNREADABLE), 400, "x")
    text = rendering.text(replayed(kept, here, recorded=None, verdict="failed"))
    assert "outcome  not recorded" in text
    assert "nothing is recorded to compare with" in text


def test_the_platforms_log_tells_the_status_of_this_request(tmp_path: Path) -> None:
    path = tmp_path / "AllTraffic" / "i-1" / "data-log"
    path.parent.mkdir(parents=True)
    path.write_text(
        'x:[sagemaker logs] [other] Received server error (500) from primary with message "a"\n'
        'x:[sagemaker logs] [job] Received client error (400) from primary with message "b"\n'
    )
    assert asking.status_of(tmp_path, "job") == 400
    assert asking.status_of(tmp_path, "third") is None


def test_the_excerpt_begins_where_the_model_took_the_request_up() -> None:
    log = "start\nloaded\nMODEL_LOG - Backend received inference at: 1\nMODEL_LOG - refused\nTS_METRICS - x\nsent\n"
    assert asking.excerpt(log) == "MODEL_LOG - Backend received inference at: 1\nMODEL_LOG - refused\nsent"
    assert asking.excerpt("start\nworker died") == "start\nworker died"


def test_a_handler_is_packed_alike_every_time(kept: Kept, bundle: Path, tmp_path: Path) -> None:
    handler = tmp_path / "handler"
    handler.mkdir()
    (handler / "inference.py").write_text("new")
    recorded: Archive = replace(endpoint.recorded_archive(bundle, kept.served), note="")
    first, second = (endpoint.with_handler(recorded, handler, tmp_path / f"{n}.tar.gz") for n in "ab")
    assert first.sha256 == second.sha256
