"""A request that failed on the local AWS, run again on the bundle that served it, with the console scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from deploy import bundle, config
from tests.deploy.reports import PROCESS, report, write_report
from tests.deploy.shell import Shell, local_aws

pytestmark = pytest.mark.e2e

CLIP = "harness/samples/known_answer/clip.mp4"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """An endpoint in service; the evidence for it is made up, since gates are not this test's business."""
    with local_aws(tmp_path_factory.mktemp("replay")) as made:
        made.run("deploy bundle")
        project, built = config.load(made.folder / config.FILE_NAME), bundle.read(made.folder / "dist/model.tar.gz")
        rehearsed = report(project, built, runtime=PROCESS, created=datetime.now(UTC))
        write_report(made.folder / "rehearsal-report" / "report.json", rehearsed)
        made.run("deploy --promote --target local --yes")
        yield made


@pytest.fixture(scope="module")
def failure_url(shell: Shell) -> str:
    (shell.folder / "note.mp4").write_text("this is no video\n")
    said = shell.run("deploy invoke note.mp4 --target local", expect=1)
    found = re.search(r"s3://\S+-error\.out", said)
    assert found is not None, said
    return found[0]


def test_a_failure_is_reproduced_on_the_bundle_that_served_it(shell: Shell, failure_url: str) -> None:
    said = shell.run(f"deploy replay {failure_url} --target local --runtime process --output json", expect=1)
    result, _ = json.JSONDecoder().raw_decode(said)  # what stderr said follows
    assert result["verdict"] == "same_failure"
    assert (result["here"]["status"], result["here"]["code"]) == (400, "unreadable_media")
    assert result["recorded"]["code"] == "unreadable_media"
    assert "refused (unreadable_media)" in result["log_excerpt"]
    run = shell.folder / result["run"]
    assert {path.name for path in run.iterdir()} == {"failure.out", "container.log", "result.json"}
    assert "unreadable_media" in (run / "failure.out").read_text()


def test_an_edited_handler_is_tried_on_the_same_request(shell: Shell, failure_url: str) -> None:
    """The kept folder alone is enough; here the handler answers anything."""
    fetched = json.loads(shell.run(f"deploy replay {failure_url} --target local --fetch-only --output json"))
    edited = shell.folder / "edited"
    edited.mkdir()
    (edited / "inference.py").write_text(
        "def model_fn(model_dir):\n    return None\n\n\n"
        "def transform_fn(model, body, content_type, accept):\n    return b'{}', 'application/json'\n"
    )
    text = shell.run(f"harness replay {fetched['folder']} --handler edited --runtime process --quiet")
    assert "outcome  failed                                      answered" in text
    assert "differs  the handler is edited, not the bundle's own" in text


def test_an_input_that_is_answered_ends_with_0(shell: Shell) -> None:
    shell.run(f"deploy invoke {CLIP} --target local --out answer.json")
    bucket = bucket_of(shell)
    listed = json.loads(shell.run(f"aws s3api list-objects-v2 --bucket {bucket} --output json"))["Contents"]
    (key,) = [each["Key"] for each in listed if "/requests/" in each["Key"] and each["Size"] > 1000]
    url = f"s3://{bucket}/{key}"
    result = json.loads(shell.run(f"deploy replay {url} --target local --runtime process --output json"))
    assert (result["verdict"], result["recorded"]) == ("answered", None)
    ours = json.loads((shell.folder / result["run"] / "answer.out").read_text())
    assert ours["frames"] == json.loads((shell.folder / "answer.json").read_text())["frames"]


def bucket_of(shell: Shell) -> str:
    (found,) = json.loads(shell.run("aws s3api list-buckets --output json"))["Buckets"]
    return str(found["Name"])


def test_what_cannot_be_found_is_said(shell: Shell) -> None:
    refused = {
        "s3://elsewhere/async/failure/x-error.out": "does not belong to endpoint rehearsal",
        f"s3://{bucket_of(shell)}/async/failure/x-error.out": "there is no object",
        f"s3://{bucket_of(shell)}/releases/rehearsal/current.json": "does not belong to endpoint rehearsal",
    }
    for url, said in refused.items():
        assert said in shell.run(f"deploy replay {url} --target local", expect=2)
