"""From a rehearsal to an endpoint and back to nothing, with the console scripts, on the real local AWS."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.deploy.shell import Shell, local_aws

pytestmark = pytest.mark.e2e


def test_what_was_rehearsed_is_promoted_watched_and_taken_back(tmp_path: Path) -> None:
    with local_aws(tmp_path) as shell:
        shell.run("harness validate --runtime process --quiet")
        shell.run("deploy bundle")
        shell.run("deploy keygen keys/release.pem")
        with (tmp_path / "rehearsal.toml").open("a") as config:
            config.write('[release]\nsigning_key = "keys/release.pem"\npublic_keys = ["keys/release.pem.pub"]\n')
        assert "Every gate is open." in shell.run("deploy gate --target local")
        assert "Nothing was changed" in shell.run("deploy --target local", expect=2)
        assert "serves as rehearsal" in shell.run("deploy --promote --target local --yes")
        assert "No changes" in shell.run("deploy --target local")
        status = json.loads(shell.run("deploy status --target local --output json"))
        assert (status["state"], status["min_instances"], status["follows_pointer"]) == ("InService", 0, True)
        assert "No drift" in shell.run("deploy drift --target local")
        evidence = "dist/model.tar.gz rehearsal-report/report.json"
        proven = shell.run(f"deploy verify --target local {evidence}")
        # Each gate that was open is a statement, and one sums them up.
        signed = re.search(r"(\d+) statements signed with", proven)
        assert signed, proven
        assert int(signed[1]) >= 7
        assert "proven: what serves" in proven
        answer = json.loads(shell.run("deploy invoke harness/samples/known_answer/clip.mp4 --target local"))
        assert answer["schema"] == "rehearsal.predictions/1"
        assert "promoted" in shell.run("deploy releases --target local")
        change_the_record(shell)
        assert "not proven: record\n" in shell.run("deploy verify --target local", expect=1)
        shell.run("deploy destroy --target local --purge --yes")
        assert json.loads(shell.run("aws sagemaker list-endpoints --output json")) == {"Endpoints": []}
        assert json.loads(shell.run("aws sagemaker list-models --output json")) == {"Models": []}
        assert json.loads(shell.run("aws s3api list-buckets --output json"))["Buckets"] == []
        assert json.loads(shell.run("aws cloudwatch describe-alarms --output json"))["MetricAlarms"] == []


def change_the_record(shell: Shell) -> None:
    """As somebody does who may write to the bucket and has no key."""
    record = json.loads(shell.run("deploy releases --target local --output json"))["in_service"]
    (bucket,) = json.loads(shell.run("aws s3api list-buckets --output json"))["Buckets"]
    place, copy = f"s3://{bucket['Name']}/{record}", shell.folder / "record.json"
    shell.run(f"aws s3 cp --quiet {place} {copy}")
    copy.write_text(copy.read_text().replace('"actor": "', '"actor": "not '))
    shell.run(f"aws s3 cp --quiet {copy} {place}")
