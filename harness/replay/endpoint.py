"""The endpoint for a kept request: the recorded bundle and settings, deployed by the code that deploys to AWS.

Owns what stays as recorded (bundle, environment, limits, concurrency) and what cannot (account, bucket, topics).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from deploy import bundle
from deploy.aws import LOCAL_ROLE
from deploy.bundle import archive
from deploy.bundle.archive import Member
from deploy.core.digests import digest_of, digest_of_file
from deploy.core.files import replacing
from deploy.core.redaction import names_a_secret
from deploy.failed_requests.kept import Kept, Served
from deploy.resources import Bucket, BundleObject, Endpoint, EndpointConfig, Model, Topic
from deploy.resources.desired_state import Desired
from harness.core.errors import ConfigurationError
from harness.serving.instances.model_data import unpack
from harness.serving.stacks import default_stack

PROJECT = "rehearsal-replay"
TTL_SECONDS = 21600


@dataclass(frozen=True)
class Archive:
    """The archive to serve. `note` says how it differs from the recorded one, and is empty when it does not."""

    path: Path
    sha256: str
    size_bytes: int
    note: str = ""


def recorded_archive(path: Path, served: Served) -> Archive:
    """The kept bundle. Raises ConfigurationError when it is no longer the recorded one."""
    digest = digest_of_file(path)
    if digest != served.bundle_sha256:
        raise ConfigurationError(
            f"{path} has the sha256 {digest[:16]}..., what served had {served.bundle_sha256[:16]}...: it was changed "
            "after it was fetched. Fetch it again with `deploy replay`; another handler is tried with --handler"
        )
    return Archive(path, digest, path.stat().st_size)


def with_handler(recorded: Archive, handler: Path, out: Path, entry_point: str = bundle.ENTRY_POINT) -> Archive:
    """The recorded bundle with the folder `handler` in place of its code; weights, packages and the rest stay.

    `entry_point` is the file that the container imports. Raises ConfigurationError when `handler` lacks it.
    """
    with tempfile.TemporaryDirectory(prefix="rehearsal-handler-") as folder:
        root = Path(folder) / "model"
        with recorded.path.open("rb") as body:
            unpack(body, root, source=str(recorded.path))
        kept = [Member(path.relative_to(root).as_posix(), path) for path in root.rglob("*") if path.is_file()]
        code = f"{default_stack().archive.code_folder}/"
        others = [each for each in kept if not each.name.startswith(code)]
        with (
            bundle.carried_over(root, list(bundle.handler_members(handler, entry_point))) as members,
            replacing(out) as file,
        ):
            packed = archive.pack([*others, *members], file)
    return Archive(out, packed.sha256, packed.size_bytes, f"the handler is {handler}, not the bundle's own")


def changed_settings(was: Served, given: Mapping[str, str]) -> Iterator[str]:
    """Settings that differ from the recorded ones, a line each; the value of a secret is left out."""
    for name, value in given.items():
        if name in was.withheld or names_a_secret(name):
            yield f"{name} is as it was given here"
        elif was.environment.get(name) != value:
            yield f"{name}={was.environment.get(name, '(not set)')} there, {value} here"


def desired(kept: Kept, served: Archive, environment: Mapping[str, str], account: str) -> Desired:
    """The desired state of the endpoint, under names of this run. Pure."""
    was = kept.served
    bucket = Bucket(f"{PROJECT}-{account}-{was.region}", was.region, create=True)
    stored = BundleObject(
        bucket.name, f"models/{served.sha256}/{served.path.name}", served.path, served.sha256, served.size_bytes
    )
    model = Model("", LOCAL_ROLE, was.image, stored.name, environment, {})
    topics = [Topic(f"{PROJECT}-{kind}", _arn(was.region, account, kind), {}) for kind in ("success", "error")]
    config = _config(was, bucket.name, topics)
    release = digest_of([model.request(), config.request()])[:12]
    name = f"{PROJECT}-{release}"
    return Desired(
        project_name=PROJECT,
        project_digest=release,
        account=account,
        region=was.region,
        release=release,
        bucket=bucket,
        bundle=stored,
        success_topic=topics[0],
        error_topic=topics[1],
        model=replace(model, name=name),
        endpoint_config=replace(config, name=name, model_name=name),
        endpoint=Endpoint(was.endpoint_name, name, {}),
        input_prefix="input",
        invocation_timeout_seconds=kept.request.invocation_timeout_seconds,
        request_ttl_seconds=TTL_SECONDS,
        releases_prefix=f"releases/{was.endpoint_name}",
    )


def _arn(region: str, account: str, kind: str) -> str:
    return f"arn:aws:sns:{region}:{account}:{PROJECT}-{kind}"


def _config(was: Served, bucket: str, topics: list[Topic]) -> EndpointConfig:
    return EndpointConfig(
        name="",
        model_name="",
        instance_type=was.instance_type,
        initial_instance_count=1,
        model_download_timeout_seconds=was.model_download_timeout_seconds,
        startup_timeout_seconds=was.startup_timeout_seconds,
        inference_ami_version=None,
        max_concurrent_invocations_per_instance=was.max_concurrent_invocations_per_instance,
        output_path=f"s3://{bucket}/output",
        failure_path=f"s3://{bucket}/failure",
        success_topic_arn=topics[0].arn,
        error_topic_arn=topics[1].arn,
        include_response_in=(),
        tags={},
    )
