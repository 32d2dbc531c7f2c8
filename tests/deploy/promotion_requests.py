"""Promotion requests, made as the command line makes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deploy.aws import LOCAL_ACCOUNT, LOCAL_ROLE
from deploy.core.digests import digest_of_file
from deploy.evidence import Case, Frames, InputFile, Metric
from deploy.gates.gate import GateInput, gate
from deploy.pricing import price
from deploy.promote.promote import PromotionRequest
from deploy.promote.smoke import probe
from deploy.resources.desired_state import desired_state_of
from deploy.resources.scaling import desired_monitoring
from tests.deploy.projects import write_bundle
from tests.deploy.reports import NOW, evidence_of, report

CLIP = b"a clip"


def promotion_request(folder: Path, *, seed: int = 0, extra: str = "", owner: str = "me") -> PromotionRequest:
    """A bundle with evidence that allows it, and a clip that gave two frames and three detections when rehearsed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clip.mp4").write_bytes(CLIP)
    rollout = "" if "[rollout]" in extra else '[rollout]\nsmoke_input = "clip.mp4"\n'
    project, bundle = write_bundle(folder, seed=seed, extra=rollout + extra)
    rehearsed = evidence_of(report(project, bundle, cases=(known_clip(folder),)))
    evidence = tuple(replace(each, sha256="0" * 64) for each in rehearsed)
    gate_input = GateInput(project, bundle, evidence, NOW, target_is_local=True)
    return PromotionRequest(
        gate_input=gate_input,
        verdicts=gate(gate_input),
        desired=desired_state_of(project, bundle, LOCAL_ACCOUNT, LOCAL_ROLE),
        monitoring=desired_monitoring(project),
        probe=probe(project, evidence),
        price=price(project.endpoint.region, project.endpoint.instance_type),
        owner=owner,
        actor=f"arn:aws:iam::{LOCAL_ACCOUNT}:root",
    )


def known_clip(folder: Path) -> Case:
    sent = InputFile(
        file="clip.mp4", size_bytes=len(CLIP), sha256=digest_of_file(folder / "clip.mp4"), content_type="video/mp4"
    )
    return Case(
        name="known answer", kind="known_answer", outcome="completed", input=sent,
        metrics=(Metric(name="map_50", value=0.97),), frames=Frames(expected=2, sampled=2), detection_count=3,
    )  # fmt: skip
