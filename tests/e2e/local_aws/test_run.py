"""`harness run`: programs that know nothing of a local AWS, with the clients that people have."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.e2e.runs import HARNESS, ROOT, processes_below

pytestmark = pytest.mark.e2e

MINIMAL = ROOT / "examples" / "minimal"
LISTING = "import boto3; print(boto3.client('s3').list_buckets()['Buckets'], boto3.client('sagemaker').list_models())"


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    words = [str(HARNESS), "run", "--runtime", "process", "-q", "--", *command]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=400, check=False)


def test_a_local_aws_is_started_for_the_program_and_ended_after_it(tmp_path: Path) -> None:
    ran = run(tmp_path, str(HARNESS.with_name("python")), "-c", f"{LISTING}; raise SystemExit(5)")
    assert ran.returncode == 5, ran.stderr
    assert ran.stdout.startswith("[] {'Models': []")
    assert processes_below(tmp_path / ".rehearsal") == []


def test_sdk_2_deploys_invokes_updates_and_deletes(tmp_path: Path) -> None:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("no uv on this machine, which gets SDK 2 for this test")
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(MINIMAL / "model" / "parameters.json", "parameters.json")
    client = Path(__file__).with_name("sdk2_client.py")
    uv_run = [uv, "run", "--no-project", "--python", "3.11", "--with", "sagemaker<3", "python"]
    ran = run(tmp_path, *uv_run, str(client), str(archive), str(MINIMAL / "src"))
    assert ran.returncode == 0, ran.stderr[-3000:]
    said = json.loads(ran.stdout.strip().splitlines()[-1])
    assert said == {
        "account": "000000000000",
        "bucket": "sagemaker-us-east-1-000000000000",
        "now": {"predictions": [9.0]},
        "later": {"predictions": [19.0]},
    }
