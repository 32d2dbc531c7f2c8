"""Writes what a promotion did into its release record, and moves the pointer when the release came into service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from deploy import releases
from deploy.apply.steps import Work
from deploy.core.digests import digest_of
from deploy.gates.gate import GateInput, GateVerdict
from deploy.pricing import Price
from deploy.promote.smoke import SmokeResult
from deploy.releases import (
    EvidenceRecord,
    GateRecord,
    GitRecord,
    Pointer,
    PriceRecord,
    Release,
    ReleaseStore,
    SmokeRecord,
    State,
    provenance,
)
from deploy.resources import without_secrets
from deploy.resources.desired_state import Desired
from deploy.resources.monitoring import Monitoring
from deploy.signatures.keys import Signer


@dataclass(frozen=True)
class Recorder:
    gate_input: GateInput
    desired: Desired
    monitoring: Monitoring
    price: Price | None
    actor: str
    signer: Signer | None = None
    previous: str | None = None
    """Key of the record that was in service before; the pointer moves under the lock only."""

    def write(
        self,
        work: Work,
        state: State,
        smokes: Sequence[SmokeResult],
        verdicts: Sequence[GateVerdict],
        *,
        served: Mapping[str, Any] | None = None,
        reason: str = "",
    ) -> tuple[str, Release]:
        """Record the attempt, and point to it only if it was promoted. Returns the record's key and the record."""
        work.require_lock()
        store = store_of(self.desired)
        release = self._release(work, state, smokes, verdicts, served, reason)
        provenance.attest(work.clients, store, release, self.signer)
        key, sha256 = releases.record(work.clients, store, release)
        if state == "promoted":
            now = work.clock.today()
            pointer = Pointer(
                release=release.release, record=key, record_sha256=sha256, updated=now, updated_by=self.actor
            )
            releases.point(work.clients, store, pointer)
        return key, release

    def _release(
        self,
        work: Work,
        state: State,
        smokes: Sequence[SmokeResult],
        verdicts: Sequence[GateVerdict],
        served: Mapping[str, Any] | None,
        reason: str,
    ) -> Release:
        desired, manifest, project = self.desired, self.gate_input.bundle.manifest, self.gate_input.project
        return Release(
            release=desired.release,
            created=work.clock.today(),
            actor=self.actor,
            tool_version=version("sagemaker-rehearsal"),
            project=project.name,
            environment=project.environment,
            configuration_sha256=desired.project_digest,
            git=GitRecord(commit=manifest.git.commit, dirty=manifest.git.dirty) if manifest.git else None,
            bundle_sha256=desired.bundle.sha256,
            bundle_size_bytes=desired.bundle.size_bytes,
            bundle_url=desired.bundle.name,
            handler_sha256=manifest.handler_sha256,
            weights_sha256=manifest.weights_sha256,
            account=desired.account,
            region=desired.region,
            endpoint_name=desired.endpoint.name,
            model=without_secrets(desired.model.request()),
            endpoint_config=desired.endpoint_config.request(),
            scaling=_scaling(self.monitoring),
            resolved_image=resolved_image(served or {}),
            policy_sha256=digest_of(project.gates.model_dump(mode="json")),
            gates=tuple(GateRecord(gate=each.gate, outcome=each.outcome, reason=each.reason) for each in verdicts),
            evidence=tuple(self._evidence()),
            price=PriceRecord(usd_per_hour=self.price.usd_per_hour, source=self.price.source) if self.price else None,
            previous=self.previous,
            state=state,
            reason=reason,
            smoke=tuple(
                SmokeRecord(inference_id=each.inference_id, seconds=each.seconds, problem=each.problem)
                for each in smokes
            ),
        )

    def _evidence(self) -> list[EvidenceRecord]:
        return [
            EvidenceRecord(
                sha256=each.sha256,
                run_id=each.report.run_id,
                created=each.report.created,
                tool_version=each.report.tool_version,
                assurance=each.report.runtime.assurance,
            )
            for each in self.gate_input.evidence
        ]


def store_of(desired: Desired) -> ReleaseStore:
    return ReleaseStore(desired.bucket.name, desired.releases_prefix)


def _scaling(monitoring: Monitoring) -> Mapping[str, Any]:
    target = monitoring.target
    return {
        "min_instances": target.min_instances if target else None,
        "max_instances": target.max_instances if target else None,
        "policies": {policy.name: dict(policy.configuration) for policy in monitoring.policies},
        "backlog_per_instance": monitoring.derivation,
    }


def resolved_image(served: Mapping[str, Any]) -> str | None:
    """The running image by digest, from DescribeEndpoint's answer."""
    images = [image for variant in served.get("ProductionVariants", ()) for image in variant.get("DeployedImages", ())]
    return str(images[0]["ResolvedImage"]) if images and "ResolvedImage" in images[0] else None
