"""What happens to an endpoint that serves: an update that bakes, one that its alarms take back, a rollback by hand, a
promotion that is killed and resumed. Real alarms of the local cloud, real containers, real time.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.shell import Shell, local_aws

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

BAKE_SECONDS = 75
"""Alarms look once a minute."""
BROKEN = """
from inference import model_fn as _load

def model_fn(model_dir):
    return _load(model_dir)

def transform_fn(model, body, content_type, accept):
    raise RuntimeError("this release is broken")
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with local_aws(tmp_path, time_scale=1) as made:
        with (tmp_path / "rehearsal.toml").open("a") as config:
            config.write(f"\n[rollout]\nbake_seconds = {BAKE_SECONDS}\nsmoke_requests = 1\n")
        yield made


def rehearse(shell: Shell, *, expect: int = 0) -> None:
    shell.run("harness validate --runtime process --quiet", expect=expect)
    shell.run("deploy bundle")


def change_handler(shell: Shell, text: str) -> None:
    with (shell.folder / "handler" / "inference.py").open("a") as source:
        source.write(text)


def serves(shell: Shell) -> str:
    status = json.loads(shell.run("deploy status --target local --output json"))
    assert status["state"] == "InService"
    return str(status["config_name"])


def test_an_endpoint_is_updated_protected_taken_back_and_resumed(shell: Shell) -> None:
    rehearse(shell)
    shell.run("deploy --promote --target local --yes")
    first = serves(shell)

    change_handler(shell, "\n# the second release\n")
    rehearse(shell)
    assert "serves as rehearsal" in shell.run("deploy --promote --target local --yes")
    second = serves(shell)
    assert second != first

    whole = (shell.folder / "handler" / "inference.py").read_text()
    change_handler(shell, BROKEN.replace("from inference import model_fn as _load", "_load = model_fn"))
    rehearse(shell, expect=1)
    refused = shell.run("deploy --promote --target local --yes", expect=1)
    assert "known_answer" in refused
    overrides = "--override verdict --override known_answer --because 'to see that it is rolled back'"
    undone = shell.run(f"deploy --promote --target local --yes {overrides}", expect=1)
    assert "alarm" in undone
    assert serves(shell) == second

    shell.run("deploy rollback --target local --yes")
    assert serves(shell) == first

    (shell.folder / "handler" / "inference.py").write_text(whole)
    rehearse(shell)
    killed_while_it_bakes(shell)
    shell.run("deploy resume --target local")
    assert serves(shell) == second

    shell.run("deploy destroy --target local --purge --yes")
    assert json.loads(shell.run("aws sagemaker list-endpoints --output json")) == {"Endpoints": []}


def killed_while_it_bakes(shell: Shell) -> None:
    with shell.start("deploy --promote --target local --yes") as promoting:
        assert promoting.stderr is not None
        for line in promoting.stderr:
            if "Baking" in line:
                break
        promoting.send_signal(signal.SIGKILL)
