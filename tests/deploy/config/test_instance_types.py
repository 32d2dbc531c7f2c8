"""Instance types are SageMaker's own, and a misspelled one is told before anything is made for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy import config
from deploy.config.instance_types import of_botocore
from deploy.core.errors import ConfigurationError

LIST = Path(config.__file__).parents[1] / "data" / "instance_types.json"


def project(folder: Path, instance_type: str) -> Path:
    path = folder / "rehearsal.toml"
    path.write_text(f'[project]\nname = "x"\n[endpoint]\ninstance_type = "{instance_type}"\n')
    return path


@pytest.mark.parametrize("name", ["ml.g4dm.xlarge", "ml.g4dn.xxlarge", "ml.t2.micro"])
def test_a_type_that_there_is_not_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"endpoint\.instance_type: SageMaker has no instance type '{name}'"):
        config.load(project(tmp_path, name))


def test_the_right_one_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"did you mean ml\.g4dn\.xlarge\?"):
        config.load(project(tmp_path, "ml.g4dm.xlarge"))


def test_a_type_of_a_newer_botocore_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.config.instance_types.of_botocore", lambda: ("ml.g99.xlarge",))
    assert config.load(project(tmp_path, "ml.g99.xlarge")).endpoint.instance_type == "ml.g99.xlarge"


def test_the_list_is_that_of_the_locked_botocore() -> None:
    """When botocore is upgraded, the list is written anew: sorted, with the version that it comes from."""
    assert json.loads(LIST.read_text())["types"] == sorted(of_botocore())
