"""`python -m harness.emulator`: the emulator as a process of its own. SIGTERM and SIGINT drain and stop it.

Once the emulator listens, it writes the ready file: `{"schema":"rehearsal.emulator/1","url":...,"pid":...}`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

from harness.core.errors import RehearsalError
from harness.emulator.app import Cloud, Dependencies
from harness.emulator.context.arns import Account
from harness.emulator.context.cloud import S3Objects, SnsTopics
from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.instances.runtimes import RuntimeAsked, end_strays, open_runtime
from harness.emulator.metrics.cloudwatch import CloudWatchAlarms, CloudWatchMetrics
from harness.emulator.scaling.cloud_alarms import CloudWatchScalingAlarms
from harness.emulator.server import Emulator
from harness.local_cloud.clients import local_client
from harness.serving.instances.gpu import gpu_usage
from harness.serving.runtimes.docker_limits import MachineLimits


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    os.umask(0o077)  # what it writes may hold inputs, answers and settings
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        return _run(options)
    except RehearsalError as error:
        sys.stderr.write(f"emulator: {error}\n{error.log_tail}")
        return error.exit_code


def dependencies(settings: EmulatorSettings, runtime: RuntimeAsked) -> Dependencies:
    """The local cloud at `settings.cloud_url` and the runtime that was asked for."""
    url, region = settings.cloud_url, settings.account.region
    cloudwatch = local_client("cloudwatch", endpoint_url=url, region=region)
    cloud = Cloud(
        objects=S3Objects(local_client("s3", endpoint_url=url, region=region)),
        topics=SnsTopics(local_client("sns", endpoint_url=url, region=region)),
        alarms=CloudWatchAlarms(cloudwatch),
        scaling_alarms=CloudWatchScalingAlarms(cloudwatch),
        metrics=CloudWatchMetrics(cloudwatch),
    )
    return Dependencies(
        cloud,
        runtime=open_runtime(runtime, settings),
        now=time.time,
        gpu=gpu_usage,
        end_strays=lambda: end_strays(runtime, settings),
    )


def _run(options: argparse.Namespace) -> int:
    settings = EmulatorSettings(
        state_dir=options.state_dir.absolute(),
        cloud_url=options.cloud_url,
        account=Account(options.region, options.account_id),
        host=options.host,
        port=options.port,
        allowed_hosts=tuple(options.allow_host),
        time_scale=options.time_scale,
    )
    stop_requested = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop_requested.set())
    with Emulator(settings, dependencies(settings, _runtime(options))) as emulator:
        _announce(emulator.url, options.ready_file)
        stop_requested.wait()
        logging.getLogger(__name__).info("stopping")
    return 0


def _runtime(options: argparse.Namespace) -> RuntimeAsked:
    sizes = (options.memory_bytes, options.gpu_memory_bytes, options.shared_memory_bytes)
    limits = MachineLimits(options.cpus, *sizes)
    return RuntimeAsked(options.runtime, options.image, options.gpu, options.session_id, limits)


def _announce(url: str, ready_file: Path | None) -> None:
    logging.getLogger(__name__).info("listening on %s", url)
    if ready_file is None:
        return
    aside = ready_file.with_name(f"{ready_file.name}.{os.getpid()}")
    aside.write_text(json.dumps({"schema": "rehearsal.emulator/1", "url": url, "pid": os.getpid()}))
    aside.replace(ready_file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness.emulator", description="SageMaker endpoints, emulated.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="another name it may be called by"
    )
    parser.add_argument("--state-dir", type=Path, required=True, help="folder of database, logs and instances")
    parser.add_argument("--cloud-url", required=True, help="the local cloud with S3, SNS and CloudWatch")
    parser.add_argument("--region", default=Account.region)
    parser.add_argument("--account-id", default=Account.account_id)
    parser.add_argument("--runtime", default="process", help="process, docker, or the http:// address of a container")
    parser.add_argument("--image", help="docker: run this image instead of the model's own")
    parser.add_argument("--gpu", action="store_true", help="docker: give containers the GPUs")
    parser.add_argument("--session-id", default=RuntimeAsked.session_id, help="docker: label of what is created")
    parser.add_argument("--cpus", type=float, help="docker: limit of each container")
    parser.add_argument("--memory-bytes", type=int, help="docker: limit of each container")
    parser.add_argument("--gpu-memory-bytes", type=int, help="docker: limit passed to each container")
    parser.add_argument("--shared-memory-bytes", type=int, help="docker: shared memory of each container")
    parser.add_argument(
        "--time-scale", type=float, default=1.0, help="AWS seconds of scaling and deployment waits in one"
    )
    parser.add_argument("--ready-file", type=Path, help="file written (JSON: url, pid) once the emulator listens")
    return parser


if __name__ == "__main__":
    sys.exit(main())
