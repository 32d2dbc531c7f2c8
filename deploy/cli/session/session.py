"""What every command about an endpoint needs: the project, the target, the identity, and the files it works on.

Owns the folder `.rehearsal/deploy/<account>-<region>-<endpoint>/` beside rehearsal.toml: ledger, lock owner, and the
promotion that `deploy resume` finishes. May not: change anything in the account.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from deploy import bundle as bundles
from deploy import config
from deploy.apply.ledger import Ledger
from deploy.async_client import Destination
from deploy.aws import LOCAL_ROLE, Clients, aws_errors
from deploy.bundle import Bundle
from deploy.cli.options import GateOptions, ProjectOptions, TargetName
from deploy.cli.session.target import Options, target
from deploy.config import Project
from deploy.core import files, settings
from deploy.core.errors import ConfigurationError
from deploy.core.state import STATE_DIR
from deploy.core.waiting import REAL_TIME, Clock
from deploy.gates import gate
from deploy.gates.gate import Evidence, GateInput, GateVerdict
from deploy.pricing.prices import Price, price
from deploy.promote import smoke
from deploy.promote.promote import PromotionRequest
from deploy.promote.rollback import RollbackRequest
from deploy.promote.smoke import Probe
from deploy.releases import Release, ReleaseStore, keys
from deploy.releases.keys import PublicKey, Signer
from deploy.resources.desired_state import Desired, desired_state_of
from deploy.resources.monitoring import Monitoring
from deploy.resources.scaling import Throughput, desired_monitoring

_REHEARSED = Path("rehearsal-report/report.json")
_BENCHED = Path("rehearsal-bench/report.json")


class Session:
    """Everything is read when it is first needed, and only once."""

    def __init__(self, options: Options, *, clients: Clients | None = None, clock: Clock | None = None) -> None:
        self.options = options
        self.clock = clock or REAL_TIME
        self._given_clients = clients

    @cached_property
    def project(self) -> Project:
        return config.load(Path(self.options.config), self.options.env)

    @cached_property
    def clients(self) -> Clients:
        return self._given_clients or Clients(target(self.options, self.project.endpoint.region))

    @cached_property
    def account(self) -> str:
        return self.clients.account()

    @cached_property
    def actor(self) -> str:
        with aws_errors("asking who we are"):
            return self.clients.sts.get_caller_identity()["Arn"]

    @cached_property
    def bundle(self) -> Bundle:
        return bundles.read(Path(self.options.bundle))

    @cached_property
    def evidence(self) -> tuple[Evidence, ...]:
        if self.options.evidence:
            return gate.read_evidence([Path(path) for path in self.options.evidence])
        rehearsed = gate.read_evidence([_REHEARSED]) if _REHEARSED.exists() else ()
        return (*rehearsed, *self._benchmarks())

    def evidence_of(self, release: Release) -> tuple[Evidence, ...]:
        """What this machine knows about that bundle with those settings, which may be nothing."""
        at_hand = [_REHEARSED, *(self._kept(each.sha256) for each in release.evidence)]
        found = [*gate.read_evidence([Path(path) for path in self.options.evidence]), *_whatever_is_in(at_hand)]
        is_of = (release.bundle_sha256, release.configuration_sha256)
        return tuple(each for each in found if (each.report.bundle.sha256, each.report.configuration.sha256) == is_of)

    def keep_evidence(self) -> None:
        """So that this machine can still judge the release when the next rehearsal has taken the report's place."""
        for each in self.evidence:
            with files.replacing(self._kept(each.sha256)) as file:
                file.write(each.path.read_bytes())

    def _kept(self, sha256: str) -> Path:
        return self.state_dir / "evidence" / f"{sha256}.json"

    def probe_of(self, release: Release) -> Probe:
        """What to send to a release that serves, or will serve again, and what it should answer."""
        return smoke.probe(self.project, self.evidence_of(release))

    def _benchmarks(self) -> tuple[Evidence, ...]:
        """An older benchmark proves nothing about this bundle, and must not shut a gate either."""
        if not _BENCHED.exists():
            return ()
        found = gate.read_evidence([_BENCHED])
        settings_now = self.project.digest()
        return tuple(
            each for each in found if each.report.configuration.sha256 == settings_now and self._is_of_this_bundle(each)
        )

    def _is_of_this_bundle(self, found: Evidence) -> bool:
        """Commands about what runs already need no bundle on this machine."""
        is_here = Path(self.options.bundle).exists()
        return not is_here or found.report.bundle.sha256 == self.bundle.sha256

    @cached_property
    def role(self) -> str:
        """The execution role; the local cloud asks for none."""
        role = self.project.endpoint.role_arn
        if role is None and self.clients.target.is_local:
            return LOCAL_ROLE
        if role is None:
            raise ConfigurationError(
                f"{self.project.path}: endpoint.role_arn is missing: name the execution role "
                "(deploy/terraform creates one, `deploy policy` prints what it needs)"
            )
        if role.split(":")[4] != self.account:
            raise ConfigurationError(
                f"{self.project.path}: endpoint.role_arn is of account {role.split(':')[4]}, the credentials are of "
                f"{self.account}: name the right profile with --profile, or the right role"
            )
        return role

    @cached_property
    def desired(self) -> Desired:
        hours = self.project.rollout.ttl_hours
        expires = None if hours is None else self.clock.today() + timedelta(hours=hours)
        return desired_state_of(self.project, self.bundle, self.account, self.role, expires=expires)

    @cached_property
    def monitoring(self) -> Monitoring:
        """The backlog policy follows the benchmark when one is among the evidence."""
        return desired_monitoring(self.project, self.throughput)

    @cached_property
    def throughput(self) -> Throughput | None:
        """The slowest that a benchmark among the evidence measured."""
        named = [Path(path) for path in self.options.evidence]
        found = gate.read_evidence([path for path in named if path.exists()]) if named else self._benchmarks()
        jobs, frames = (
            [metric.value for metric in gate.measured(found, name) if metric.value]
            for name in ("jobs_per_second", "frames_per_second")
        )
        return Throughput(min(jobs), min(frames, default=None)) if jobs else None

    @cached_property
    def price(self) -> Price | None:
        return price(self.project.endpoint.region, self.project.endpoint.instance_type, self.clients)

    @cached_property
    def gate_input(self) -> GateInput:
        return GateInput(
            self.project, self.bundle, self.evidence, self.clock.today(),
            target_is_local=self.options.target is TargetName.LOCAL,
        )  # fmt: skip

    @cached_property
    def verdicts(self) -> tuple[GateVerdict, ...]:
        if self.options.override and not self.options.because:
            raise ConfigurationError("--override needs --because TEXT: the reason is kept in the release record")
        overrides = dict.fromkeys(self.options.override, self.options.because or "")
        return gate.gate(self.gate_input, overrides)

    @cached_property
    def signer(self) -> Signer | None:
        """Read only where something is signed. Raises ConfigurationError when what it signs would not be trusted."""
        path = self.project.release.signing_key
        found = keys.signer(path, settings.read().signing_passphrase) if path else None
        keys.require_trusted(found, self.trusted)
        return found

    @cached_property
    def trusted(self) -> tuple[PublicKey, ...]:
        return tuple(keys.public_key(path) for path in self.project.release.public_keys)

    @cached_property
    def store(self) -> ReleaseStore:
        """Where the releases lie; needs no bundle."""
        project = self.project
        return ReleaseStore(project.bucket(self.account), f"{project.storage.releases}/{project.endpoint_name}")

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.state_dir / "ledger.jsonl", now=self.clock.today)

    def promotion_request(self) -> PromotionRequest:
        return PromotionRequest(
            gate_input=self.gate_input,
            verdicts=self.verdicts,
            desired=self.desired,
            monitoring=self.monitoring,
            probe=smoke.probe(self.project, self.evidence),
            price=self.price,
            owner=self.owner,
            actor=self.actor,
            signer=self.signer,
        )

    @cached_property
    def destination(self) -> Destination:
        """Where requests go; needs no bundle."""
        project = self.project
        return Destination(
            project.endpoint_name,
            f"s3://{project.bucket(self.account)}/{project.storage.input}",
            project.endpoint.invocation_timeout_seconds,
            project.endpoint.request_ttl_seconds,
        )

    def rollback_request(self, release: str | None) -> RollbackRequest:
        """For a rollback, which needs no bundle, and evidence only where it is at hand."""
        return RollbackRequest(
            wanted=release,
            store=self.store,
            monitoring=self.monitoring,
            destination=self.destination,
            probe=self.probe_of,
            owner=self.owner,
            actor=self.actor,
            trusted=self.trusted,
        )

    @cached_property
    def owner(self) -> str:
        """See Lock.owner."""
        path = self.state_dir / "owner"
        if not path.exists():
            files.write_text(path, uuid.uuid4().hex)
        return path.read_text(encoding="utf-8").strip()

    @property
    def state_dir(self) -> Path:
        place = f"{self.account}-{self.clients.target.region}-{self.project.endpoint_name}"
        return self.project.root / STATE_DIR / "deploy" / place


def _whatever_is_in(paths: Sequence[Path]) -> Iterator[Evidence]:
    """Nobody named these, so one that is missing or damaged is no reason to stop."""
    for path in paths:
        with suppress(ConfigurationError):
            yield from gate.read_evidence([path])


def open_session(*groups: ProjectOptions | GateOptions) -> Session:
    """The session of the groups of options that a command takes."""
    return Session(Options.of(*groups))
