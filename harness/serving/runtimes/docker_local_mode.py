"""SageMaker local mode, adapted to several endpoints at once: every difference is in this module.

Local mode provides the session with its own S3 endpoint, port and container root, the download of the model data,
the choice between `docker compose` and `docker-compose`, and the compose file: volumes, environment, GPU reservation.

Why not simply `LocalSession(...).sagemaker_client.create_endpoint`? As sagemaker-core 2.27 does it, it

* blocks until the container is healthy and gives up after a fixed 120 s (the schema of its settings refuses another
  number), while a 6 GB image takes longer and our callers ask for health themselves;
* runs compose in the foreground, in a thread that copies the container's output to our stdout and dies of an unhandled
  exception; its `stop` ends that compose, which leaves the stopped container and the network behind;
* publishes the port on every interface, puts all endpoints into one unlabelled network, and gives the server a
  terminal; mounts /opt/ml/model writable and leaves model.tar.gz in it; lets compose expand `$` in environment values.
  SageMaker does none of these;
* reports each call to AWS's telemetry.

So its own steps (private: it offers them only all at once) are called one by one, detached, and `adapt` edits the
compose file before `up`.
"""

from __future__ import annotations

import copy
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import yaml
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from harness.core.errors import MachineCannot, ModelDataError, ServiceDidNotStart
from harness.core.state import installer_environment, remove_tree
from harness.serving.images.sagemaker_sdk import sdk
from harness.serving.instances.model_data import ModelData, make_read_only, split_s3_url, unpack
from harness.serving.runtimes.docker_limits import UNLIMITED, MachineLimits

COMPOSE_TIMEOUT_SECONDS = 300.0
_NETWORK = "sagemaker-local"
_PORT_TAKEN = ("port is already allocated", "address already in use", "ports are not available")


class PortTaken(ServiceDidNotStart):
    """Another program took the port after it was chosen and before the engine bound it."""


@dataclass(frozen=True)
class ServeRequest:
    """One container to serve with: the settings of local mode, and those that it has no setting for."""

    name: str
    """The name of the container and of its network; unique on the engine."""
    image: str
    model_data_url: str | None
    environment: Mapping[str, str]
    serving_port: int
    container_root: Path
    s3_endpoint_url: str
    region: str
    docker_host: str
    gpu: bool = False
    limits: MachineLimits = UNLIMITED
    labels: Mapping[str, str] = field(default_factory=dict)


def serve(request: ServeRequest) -> ModelData | None:
    """Fetch the model data and create and start the container; returns before it is healthy.

    What was unpacked is returned; None for a model without data.

    Raises ModelDataError, PortTaken, or ServiceDidNotStart with what compose said.
    """
    session = _open_session(request)
    container = _container(request, session)
    container.container_root = str(request.container_root)
    model_data, volumes = _model_volume(request, session)
    content = container._generate_compose_file(  # noqa: SLF001
        "serve", additional_volumes=volumes, additional_env_vars={**request.environment, **request.limits.environment()}
    )
    compose_file = request.container_root / sdk("local.image").DOCKER_COMPOSE_FILENAME
    compose_file.write_text(yaml.safe_dump(adapt(content, request)), encoding="utf-8")
    compose_file.chmod(0o600)  # it holds the environment, which may hold secrets
    _up(container._compose(detached=True), request)  # noqa: SLF001
    return model_data


def adapt(content: Mapping[str, Any], request: ServeRequest) -> dict[str, Any]:
    """Local mode's compose file as SageMaker would run the container. Pure."""
    adapted: dict[str, Any] = copy.deepcopy(dict(content))
    (service,) = adapted["services"].values()
    service |= {
        "container_name": request.name,
        "ports": [f"127.0.0.1:{request.serving_port}:8080"],
        "environment": [entry.replace("$", "$$") for entry in service["environment"]],
        "volumes": [f"{volume}:ro" for volume in service["volumes"]],
        "tty": False,
        "stdin_open": False,
    }
    adapted["networks"] = {_NETWORK: {"name": request.name, "labels": dict(request.labels)}}
    return adapted


def _open_session(request: ServeRequest) -> Any:
    session = sdk("local.local_session").LocalSession(
        boto_session=_boto_session(request.region), s3_endpoint_url=request.s3_endpoint_url
    )
    session.config = {
        "local": {
            "region_name": request.region,
            "serving_port": request.serving_port,
            "container_root": str(request.container_root),
            "container_config": {"labels": dict(request.labels), **request.limits.compose_options()},
        }
    }
    return session


def _boto_session(region: str) -> boto3.Session:
    """The local cloud's session: dummy credentials, which local mode passes to the container, and no user settings."""
    nothing, no_file = (None, None, None, None), (None, None, os.devnull, None)
    hermetic = botocore.session.Session(
        session_vars={"profile": nothing, "ca_bundle": nothing, "config_file": no_file, "credentials_file": no_file}
    )
    hermetic.set_default_client_config(Config(s3={"addressing_style": "path"}, proxies={}, inject_host_prefix=False))
    return boto3.Session("test", "test", region_name=region, botocore_session=hermetic)


def _container(request: ServeRequest, session: Any) -> Any:
    try:
        return sdk("local.image")._SageMakerContainer(  # noqa: SLF001
            "local_gpu" if request.gpu else "local", 1, request.image, session
        )
    except (ImportError, FileNotFoundError) as error:
        raise MachineCannot(
            "Docker Compose is not installed, which SageMaker local mode starts containers with; "
            "install the package docker-compose-plugin, docker-compose-v2 or docker-compose"
        ) from error


def _model_volume(request: ServeRequest, session: Any) -> tuple[ModelData | None, list[Any]]:
    """The archive, downloaded by local mode and unpacked by our own rules, which are the same for every runtime."""
    url = request.model_data_url
    if url is None:
        return None, []
    _, key = split_s3_url(url)
    try:
        source = sdk("local.data").get_data_source_instance(url, session)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise ModelDataError(f"could not find model data at {url}: S3 answers {code}") from error
    except (BotoCoreError, OSError) as error:
        raise ModelDataError(f"could not fetch model data at {url}: {error}") from error
    folder = Path(source.get_root_dir())
    archive = folder / key.rpartition("/")[2]
    if not archive.is_file():  # local mode took the key for a prefix, and found other objects below it or none
        raise ModelDataError(f"could not find model data at {url}: there is no such object")
    target = request.container_root / "model"
    with archive.open("rb") as body:
        model_data = unpack(body, target, source=url)
    remove_tree(folder)
    make_read_only(target)
    return model_data, [sdk("local.image")._Volume(str(target), "/opt/ml/model")]  # noqa: SLF001


def _up(command: list[str], request: ServeRequest) -> None:
    environment = {**installer_environment(), "DOCKER_HOST": request.docker_host, "COMPOSE_PROJECT_NAME": request.name}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=COMPOSE_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ServiceDidNotStart(
            f"`{' '.join(command[:2])} up` took more than {COMPOSE_TIMEOUT_SECONDS:g} s for {request.name}; "
            "is the disk or the engine overloaded?"
        ) from error
    if done.returncode == 0:
        return
    said = (done.stdout + done.stderr).strip()
    if any(sign in said for sign in _PORT_TAKEN):
        raise PortTaken(f"port {request.serving_port} was taken while {request.name} started", log_tail=said)
    raise ServiceDidNotStart(f"the container {request.name} could not be started: {cause_of(said)}", log_tail=said)


def cause_of(said: str) -> str:
    """The line of compose's output that names the cause: version 1 ends with a summary that does not."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return errors[0] if errors else lines[-1] if lines else "compose said nothing"
