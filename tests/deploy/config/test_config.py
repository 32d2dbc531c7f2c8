"""rehearsal.toml: what it means, what it refuses and what its digest covers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deploy import config
from deploy.config import sections
from deploy.config.toml_schema import toml_schema
from deploy.core.errors import ConfigurationError

MINIMAL = '[project]\nname = "demo"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "rehearsal.toml"
    path.write_text(text)
    return path


def refused(folder: Path, text: str, environment: str | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        config.load(write(folder, text), environment)
    return str(caught.value)


def test_a_name_is_all_a_project_needs(tmp_path: Path) -> None:
    project = config.load(write(tmp_path, MINIMAL))
    assert project.endpoint_name == "demo"
    assert (project.model.data, project.model.weights, project.model.spec) == (None, None, None)
    assert (project.handler.entry_point, project.container.stack) == ("inference.py", "torchserve")
    assert project.endpoint.instance_type == "ml.g4dn.xlarge"
    assert project.bucket("123456789012") == "rehearsal-demo-123456789012-us-east-1"
    assert (project.success_topic, project.error_topic) == ("demo-success", "demo-error")


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    text = (
        MINIMAL + '[model]\nweights = "w/model.pth"\nspec = "w/model.json"\n[validate]\nclips = ["a.mp4", "/b.mp4"]\n'
    )
    project = config.load(write(tmp_path, text))
    assert project.handler.source == tmp_path / "handler"
    assert project.model.weights == tmp_path / "w" / "model.pth"
    assert project.model.spec == tmp_path / "w" / "model.json"
    assert project.validate.clips == (tmp_path / "a.mp4", Path("/b.mp4"))


def test_the_files_of_a_model_are_one_path_or_several(tmp_path: Path) -> None:
    one = config.load(write(tmp_path, MINIMAL + '[model]\ndata = "model/"\n')).model.data
    several = config.load(write(tmp_path, MINIMAL + '[model]\ndata = ["config.json", "/m/w.pt"]\n')).model.data
    assert (one, several) == (tmp_path / "model", (tmp_path / "config.json", Path("/m/w.pt")))


def test_the_digest_follows_the_entry_point(tmp_path: Path) -> None:
    first = config.load(write(tmp_path, MINIMAL)).digest()
    assert config.load(write(tmp_path, MINIMAL + "[handler]\nentry_point = 'predictor.py'\n")).digest() != first


def test_the_published_schema_is_that_of_the_sections() -> None:
    """After a change of the sections: `deploy config --schema > docs/rehearsal.schema.json`."""
    published = Path(__file__).parents[3] / "docs" / "rehearsal.schema.json"
    assert json.loads(published.read_text(encoding="utf-8")) == toml_schema()


def test_the_schema_says_what_a_key_is_for() -> None:
    described = toml_schema()["$defs"]["HandlerSection"]["properties"]["entry_point"]["description"]
    assert described == "The file in it that defines model_fn and the others: SAGEMAKER_PROGRAM."


@pytest.mark.parametrize(
    ("file", "is_valid"),
    [
        ({"project": {"name": "a"}}, True),
        ({"project": {"name": "a"}, "model": {"data": "model/"}, "env": {"prod": {"handler": {"source": "s"}}}}, True),
        ({"project": {"name": "a"}, "model": {"data": ["a", "b"]}, "container": {"stack": "torchserve"}}, True),
        ({"project": {"name": "a"}, "model": {"dat": "model/"}}, False),
        ({"project": {"name": "a"}, "container": {"stack": "rayserve"}}, False),
        ({"model": {}}, False),
    ],
)  # fmt: skip
def test_the_schema_takes_what_the_reader_takes(file: dict[str, Any], is_valid: bool) -> None:
    assert jsonschema.Draft202012Validator(toml_schema()).is_valid(file) == is_valid


def test_an_environment_lies_over_the_rest_key_by_key(tmp_path: Path) -> None:
    text = (
        MINIMAL
        + '[endpoint]\ninstance_type = "ml.g4dn.xlarge"\nregion = "eu-west-1"\n[handler.environment]\nA = 1\nB = 2\n'
        + '[env.prod.endpoint]\ninstance_type = "ml.g5.xlarge"\n[env.prod.handler.environment]\nB = 3\n'
    )
    path = write(tmp_path, text)
    prod = config.load(path, "prod")
    assert (prod.endpoint.instance_type, prod.endpoint.region) == ("ml.g5.xlarge", "eu-west-1")
    assert prod.handler.environment == {"A": 1, "B": 3}
    assert config.load(path).endpoint.instance_type == "ml.g4dn.xlarge"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MINIMAL + "[endpoint]\nregio = 'x'\n", "endpoint.regio is not a known key; did you mean region?"),
        (MINIMAL + "[endpoints]\n", "endpoints is not a known key; did you mean endpoint?"),
        (MINIMAL + "[validate]\nclip = []\n", "validate.clip is not a known key; did you mean clips?"),
        ("[model]\n", "[project] is missing: add it"),
        ("[project]\n", "project.name is missing"),
        ("[project]\nname = 'a_b'\n", "project.name = 'a_b' is refused: it must be letters, digits and hyphens"),
        (f"[project]\nname = '{'a' * 51}'\n", "at most 50 characters"),
        (MINIMAL + "[endpoint]\ninvocation_timeout_seconds = 7200\n", "less than or equal to 3600"),
        (MINIMAL + "[endpoint]\ninitial_instance_count = '1'\n", "initial_instance_count = '1' is refused"),
        (MINIMAL + "[endpoint]\ninstance_type = 'g4dn.xlarge'\n", "endpoint.instance_type = 'g4dn.xlarge' is refused"),
        (MINIMAL + "[storage]\ninput = '/in'\n", "storage.input = '/in' is refused: a prefix has no slash at its ends"),
        (MINIMAL + "[model]\nweights = 5\n", "model.weights = 5 is refused"),
        (MINIMAL + "[model]\ndata = 5\n", "model.data = 5 is refused: write a folder or a file, or a list of them"),
        (MINIMAL + "[model]\ndata = []\n", "model.data = [] is refused: write a folder or a file, or a list of them"),
        (MINIMAL + "[model]\ndata = ['a', 5]\n", "model.data = ['a', 5] is refused: write a folder or a file"),
        (MINIMAL + "[model]\nweigths = 'a'\n", "model.weigths is not a known key; did you mean weights?"),
        (MINIMAL + "[model]\ndata = 'm'\nweights = 'coco'\n", "data and weights exclude each other"),
        (MINIMAL + "[model]\ndata = 'm'\n[env.prod.model]\nspec = 'm.json'\n", "data and spec exclude each other"),
        (MINIMAL + "[handler]\nentry_point = 'a/b.py'\n", "it must be a Python file directly in [handler] source"),
        (MINIMAL + "[handler]\nentry_point = 'serve.main'\n", "it must be a Python file directly in [handler] source"),
        (MINIMAL + "[container]\nstack = 'rayserve'\n", "with TorchServe alone, rayserve is not supported yet"),
        (MINIMAL + "[container]\nstack = 'flask'\n", "container.stack = 'flask' is refused: it must be 'torchserve'"),
        (MINIMAL + "[handler.environment]\nframe_interval = 5\n", "it must be capital letters, digits"),
        (MINIMAL + "[handler.environment]\nA = [1]\n", "A = [1] is refused: it must be a valid string or"),
        (MINIMAL + "[handler.environment]\nHF_TOKEN = ['hf_1']\n", "HF_TOKEN = (redacted) is refused"),
        (MINIMAL + "[endpoint]\nregion = 'us'\n", "'us' is refused: it must be a region, such as eu-west-1"),
        (MINIMAL + "env = 5\n", "env"),
        (MINIMAL + "[env]\nprod = 5\n", "write [env.prod.endpoint]"),
        (MINIMAL + "[env.prod.endpoint]\nregio = 'x'\n", "env.prod.endpoint.regio is not a known key; did"),
        ("[project\n", "is not TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    message = refused(tmp_path, text)
    assert said in message
    assert message.startswith(str(tmp_path / "rehearsal.toml"))


def test_a_value_of_a_wrong_type_is_one_complaint(tmp_path: Path) -> None:
    assert len(refused(tmp_path, MINIMAL + "[handler.environment]\nA = [1]\n").splitlines()) == 1


def test_every_pattern_of_a_value_is_told_in_words() -> None:
    patterns = set(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(toml_schema())))
    assert patterns
    assert {json.loads(each) for each in patterns} <= set(sections.IN_WORDS)


def test_every_wrong_key_is_reported_at_once(tmp_path: Path) -> None:
    message = refused(tmp_path, MINIMAL + "[endpoint]\nregio = 'x'\n[storage]\nbuckett = 'y'\n")
    assert "did you mean region?" in message
    assert "did you mean bucket?" in message


def test_an_unknown_environment_lists_the_known_ones(tmp_path: Path) -> None:
    message = refused(tmp_path, MINIMAL + "[env.prod]\n[env.staging]\n", "pord")
    assert "there is no [env.pord]; did you mean prod? (environments in this file: prod, staging)" in message


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist: run from the folder that holds"):
        config.load(tmp_path / "rehearsal.toml")


def test_a_folder_or_binary_in_its_place_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        config.load(tmp_path)
    (tmp_path / "rehearsal.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        config.load(tmp_path / "rehearsal.toml")


@pytest.mark.parametrize(
    "extra",
    [
        "[handler.environment]\nFRAME_INTERVAL = 7\n",
        "[container]\nworkers = 2\n",
        "[endpoint]\ninstance_type = 'ml.g5.xlarge'\n",
        "[endpoint]\nmax_payload_bytes = 1000\n",
        "[endpoint]\nmax_concurrent_invocations_per_instance = 2\n",
    ],
)
def test_the_digest_changes_with_what_runs(tmp_path: Path, extra: str) -> None:
    assert config.load(write(tmp_path, MINIMAL)).digest() != config.load(write(tmp_path, MINIMAL + extra)).digest()


@pytest.mark.parametrize(
    "extra",
    [
        "[endpoint]\nregion = 'eu-west-1'\nname = 'other'\ninitial_instance_count = 2\n",
        "[storage]\nbucket = 'somewhere'\n",
        "[gates]\nmin_frames_per_second = 10\n",
        "[validate]\ntimeout_seconds = 5\n",
        "[autoscaling]\nmax_instances = 4\n",
        "[env.prod]\n",
    ],
)
def test_the_digest_does_not_change_with_where_it_runs(tmp_path: Path, extra: str) -> None:
    assert config.load(write(tmp_path, MINIMAL)).digest() == config.load(write(tmp_path, MINIMAL + extra)).digest()


def test_the_digest_does_not_depend_on_the_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    here, there = (config.load(write(folder, MINIMAL)) for folder in (tmp_path, tmp_path / "elsewhere"))
    assert here.digest() == there.digest()


def test_the_projects_own_file_is_valid_in_every_environment() -> None:
    path = Path(__file__).parents[3] / "rehearsal.toml"
    assert config.load(path).name == config.load(path, "prod").name == "rehearsal"


def test_a_long_project_name_still_gives_a_bucket_name_that_s3_takes(tmp_path: Path) -> None:
    path = tmp_path / "rehearsal.toml"
    names = ["a" * 49 + "b", "a" * 49 + "c"]
    buckets = []
    for name in names:
        path.write_text(f'[project]\nname = "{name}"\n[handler]\nsource = "handler"\n')
        buckets.append(config.load(path).bucket("000000000000"))
    assert all(len(bucket) <= 63 for bucket in buckets)
    assert buckets[0] != buckets[1]
