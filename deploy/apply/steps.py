"""Makes each change to AWS: intent in the ledger, the call, outcome in the ledger, a message to `on_step`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from deploy.apply.ledger import Action, Kind, Ledger
from deploy.apply.lock import Hold
from deploy.aws import Clients, aws_errors
from deploy.core.errors import AwsRefused
from deploy.core.waiting import Clock

T = TypeVar("T")
StepOutcome = Literal["created", "adopted", "updated", "deleted", "kept", "waiting", "ready"]

# SageMaker's answers contain these while a new role is not known everywhere yet (2 s to a minute, IAM documentation).
#
# Seen in public reports: aws/amazon-sagemaker-examples#4461 of an endpoint, and of create calls
# awslabs/predictive-maintenance-using-machine-learning#3.
_ROLE_NOT_YET = ("trust relationship", "Could not assume role")
_ROLE_PATIENCE_SECONDS = 90.0
_ROLE_POLL_SECONDS = 5.0


@dataclass(frozen=True)
class Step:
    kind: Kind
    name: str
    outcome: StepOutcome
    detail: str = ""


OnStep = Callable[[Step], None]


def ignore(_: Step) -> None:
    """An `on_step` for callers who want no messages."""


@dataclass(frozen=True)
class Work:
    """What every step needs."""

    clients: Clients
    ledger: Ledger
    on_step: OnStep
    clock: Clock
    account: str
    region: str
    steps: list[Step] = field(default_factory=list)
    hold: Hold | None = None
    """The deployment lock, renewed before each change; None where no one else can deploy."""

    def under(self, hold: Hold) -> Work:
        """The same work, renewing the lock at every step and every wait from here on."""
        return replace(self, clock=hold.clock, hold=hold)

    def renew(self) -> None:
        """Raises LockLost when somebody else may deploy by now."""
        if self.hold is not None:
            self.hold.renew()

    def require_lock(self) -> None:
        """Renew at once, before records that tell every machine how the deployment ended."""
        if self.hold is not None:
            self.hold.check()

    def tell(self, kind: Kind, name: str, outcome: StepOutcome, detail: str = "") -> None:
        step = Step(kind, name, outcome, detail)
        self.steps.append(step)
        self.on_step(step)

    def adopt(self, kind: Kind, name: str, *, called: str | None = None) -> None:
        self._write("adopted", kind, name)
        self.tell(kind, called or name, "adopted")

    def create(self, kind: Kind, name: str, call: Callable[[], object], *, called: str | None = None) -> bool:
        """Run `call` between intent and outcome; False when somebody else created the same thing in the meantime.

        `name` is the name to delete the resource by, `called` its name for people.
        """
        self.renew()
        self._write("intent", kind, name)
        try:
            self._patiently(f"creating {kind} {called or name}", call)
        except AwsRefused as refused:
            if is_definite(refused):
                self._write("disowned", kind, name)
            if already_exists(refused):
                return False
            raise
        self._write("created", kind, name)
        self.tell(kind, called or name, "created")
        return True

    def update(self, kind: Kind, name: str, call: Callable[[], T], *, detail: str) -> T:
        """Run `call` with a line in the ledger, and return its answer."""
        self.renew()
        with aws_errors(f"updating {kind} {name}"):
            answer = call()
        self._write("updated", kind, name, detail)
        self.tell(kind, name, "updated", detail)
        return answer

    def delete(self, kind: Kind, name: str, call: Callable[[], object]) -> None:
        with aws_errors(f"deleting {kind} {name}"):
            call()
        self.deleted(kind, name)

    def deleted(self, kind: Kind, name: str) -> None:
        self._write("deleted", kind, name)
        self.tell(kind, name, "deleted")

    def _patiently(self, doing: str, call: Callable[[], object]) -> None:
        deadline = self.clock.now() + _ROLE_PATIENCE_SECONDS
        while True:
            try:
                with aws_errors(doing):
                    call()
            except AwsRefused as refused:
                if not awaits_role(refused.answer) or self.clock.now() >= deadline:
                    raise
                self.clock.sleep(_ROLE_POLL_SECONDS)
            else:
                return

    def _write(self, action: Action, kind: Kind, name: str, detail: str = "") -> None:
        self.ledger.write(action, kind, name, account=self.account, region=self.region, detail=detail)


def awaits_role(said: str) -> bool:
    """Whether waiting may help: SageMaker can assume a new role within a minute."""
    return any(part in said for part in _ROLE_NOT_YET)


def is_definite(refused: AwsRefused) -> bool:
    """Whether AWS certainly changed nothing; after a lost connection or an internal error that is unknown."""
    return bool(refused.code) and not any(sign in refused.code for sign in ("Internal", "Unavailable", "50"))


def already_exists(refused: AwsRefused) -> bool:
    """SageMaker reports it in the message under a general code; S3 answers 412 to a write-once put."""
    said = refused.answer.lower()
    return "already exist" in said or refused.code in ("ResourceInUse", "PreconditionFailed", "BucketAlreadyOwnedByYou")
