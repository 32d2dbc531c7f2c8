"""The diagnosis of this machine: every check in order.

Owns the order of the checks, and `clean`, which removes what earlier runs left behind and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.core.state import STATE_DIR
from deploy.evidence import Finding, passed
from harness.core.errors import MachineCannot
from harness.docker.engine import Engine
from harness.doctor.docker import docker_findings
from harness.doctor.finding import level
from harness.doctor.machine import (
    check_credentials,
    check_disk,
    check_environment,
    check_port,
    check_program,
    check_python,
    check_uv,
)
from harness.local_cloud.clients import DEFAULT_REGION
from harness.processes import sweep
from harness.serving.instances.gpu import gpus
from harness.serving.runtimes.docker_sweep import sweep_docker
from harness.serving.stacks import default_stack

SCHEMA = "rehearsal.doctor/1"


def diagnose(runtime: str, *, region: str = DEFAULT_REGION, state_dir: Path = STATE_DIR) -> list[Finding]:
    """The findings of every check; one is a `fail` only where the asked runtime cannot run."""
    docker = docker_findings(fatal=runtime == "docker", region=region, gpus=gpus(), today=datetime.now(UTC).date())
    docker_runs = all(level(finding) == "ok" for finding in docker if finding.check in {"docker engine", "image"})
    programs_needed = runtime == "process" or (runtime == "auto" and not docker_runs)
    return [
        check_python(),
        check_uv(),
        *(check_program(required, fatal=programs_needed) for required in default_stack().needs.programs),
        *docker,
        check_disk(state_dir),
        check_port(),
        check_credentials(),
        check_environment(os.environ),
    ]


def clean(state_dir: Path) -> list[str]:
    """End processes of runs that are gone, remove our containers, networks and folders, and return what was done."""
    done = [f"ended {swept.what}" for swept in sweep(state_dir)]
    try:
        with Engine.connect() as engine:
            swept = sweep_docker(engine, state_dir)
    except MachineCannot:
        return done
    return [
        *done,
        *(f"removed {what}" for what in swept.removed),
        *(f"could not remove {what}" for what in swept.failed),
    ]


def can_run(findings: Sequence[Finding]) -> bool:
    return passed(findings)


def document(runtime: str, findings: Sequence[Finding], fixed: Sequence[str]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "runtime": runtime,
        "can_run": can_run(findings),
        "fixed": list(fixed),
        "findings": [_entry(finding) for finding in findings],
    }


def _entry(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.check,
        "level": level(finding),
        "message": finding.message,
        "fix": finding.advice or "",
    }
