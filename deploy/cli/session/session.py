"""Reads what commands about an endpoint need: the project, the target, the identity, and the files they work on.

Owns the folder `.rehearsal/deploy/<account>-<region>-<endpoint>/` beside rehearsal.toml: ledger, lock owner, and the
promotion that `deploy resume` finishes. May not: change anything in the account.
"""

from __future__ import annotations

import uuid
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
from deploy.cli.session import local_evidence
from deploy.cli.session.local_evidence import LocalEvidence
from deploy.cli.session.target import Options, target
from deploy.config import Project
from deploy.core import files, settings
from deploy.core.errors import ConfigurationError
from deploy.core.state import STATE_DIR
from deploy.core.waiting import REAL_TIME, Clock
from deploy.gates import gate
from deploy.gates.gate import Evidence, GateInput, GateVerdict
from deploy.pricing import Price, price
from deploy.promote import smoke
from deploy.promote.promote import PromotionRequest
from deploy.promote.rollback import RollbackRequest
from deploy.promote.smoke import Probe
from deploy.releases import Release, ReleaseStore
from deploy.resources.desired_state import Desired, desired_state_of
from deploy.resources.monitoring import Monitoring
from deploy.resources.scaling import Throughput, desired_monitoring
from deploy.signatures import keys
from deploy.signatures.keys import PublicKey, Signer


class Session:
    """The inputs of one command. Each is read when it is first needed, and only once."""

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
    def local_evidence(self) -> LocalEvidence:
        return LocalEvidence(self.project, self.options, lambda: self.bundle)

    @cached_property
    def evidence(self) -> tuple[Evidence, ...]:
        return self.local_evidence.everything()

    def keep_evidence(self) -> None:
        local_evidence.keep(self.evidence, self._kept_evidence)

    @property
    def _kept_evidence(self) -> Path:
        return self.state_dir / "evidence"

    def probe_of(self, release: Release) -> Probe:
        """The smoke request for a release that serves, or will serve again, and the expected answer."""
        return smoke.probe(self.project, self.local_evidence.of(release, self._kept_evidence))

    @cached_property
    def role(self) -> str:
        """The execution role; the local cloud does not require one."""
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
        """The desired monitoring, with a backlog policy from the benchmark when there is one."""
        return desired_monitoring(self.project, self.throughput)

    @cached_property
    def throughput(self) -> Throughput | None:
        return self.local_evidence.throughput()

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
        """The key that signs releases. Raises ConfigurationError when its signatures would not be trusted."""
        path = self.project.release.signing_key
        found = keys.signer(path, settings.read().signing_passphrase) if path else None
        keys.require_trusted(found, self.trusted)
        return found

    @cached_property
    def trusted(self) -> tuple[PublicKey, ...]:
        return tuple(keys.public_key(path) for path in self.project.release.public_keys)

    @cached_property
    def store(self) -> ReleaseStore:
        """The place of the releases; it needs no bundle."""
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
        """The endpoint and the prefix of its inputs; it needs no bundle."""
        project = self.project
        return Destination(
            project.endpoint_name,
            f"s3://{project.bucket(self.account)}/{project.storage.input}",
            project.endpoint.invocation_timeout_seconds,
            project.endpoint.request_ttl_seconds,
        )

    def rollback_request(self, release: str | None) -> RollbackRequest:
        """A rollback needs no bundle, and uses evidence only where this machine has it."""
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
            files.private_folder(path.parent)
            files.write_text(path, uuid.uuid4().hex)
        return path.read_text(encoding="utf-8").strip()

    @property
    def state_dir(self) -> Path:
        place = f"{self.account}-{self.clients.target.region}-{self.project.endpoint_name}"
        return self.project.root / STATE_DIR / "deploy" / place


def open_session(*groups: ProjectOptions | GateOptions) -> Session:
    """Make the session from the groups of options that a command takes."""
    return Session(Options.of(*groups))
