"""The instances of one variant: a fleet starts, pings, replaces, drains and stops them, and gives out slots on them.

Only the endpoint's own thread calls `converge` and `check`; any thread takes and releases slots.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass

from harness.core.errors import ModelDataError, RehearsalError
from harness.emulator.context.emulator_context import EmulatorContext
from harness.emulator.instances import container
from harness.emulator.instances.platform_log import LogStream, PlatformLog
from harness.emulator.store.deployment import VariantPlan
from harness.emulator.store.trouble import LocalTrouble, local_trouble
from harness.serving.instances.runtime import Instance, InstanceSpec, Runtime

_LONGEST_REASON = 1024
_FIRST_RETRY_SECONDS = 1.0
_LAST_RETRY_SECONDS = 60.0
_LOCAL_RETRY_SECONDS = 2.0
log = logging.getLogger(__name__)


def new_instance_id() -> str:
    return f"i-{secrets.token_hex(9)[:17]}"


@dataclass(frozen=True)
class FleetTools:
    """What all fleets of an emulator share."""

    context: EmulatorContext
    runtime: Runtime
    platform_log: PlatformLog
    ping: Callable[[str], bool] = container.ping
    new_instance_id: Callable[[], str] = new_instance_id


class Member:
    """An instance and the state that its fleet keeps about it."""

    def __init__(self, handle: Instance, stream: LogStream, started_at: float) -> None:
        self.handle = handle
        self.stream = stream
        self.started_at = started_at
        self.is_healthy = False
        self.is_retiring = False
        self.in_flight = 0
        self.ping_failures = 0
        self.next_ping_at = started_at

    def can_take(self, limit: int | None) -> bool:
        is_ready = self.is_healthy and not self.is_retiring and self.handle.ended() is None
        return is_ready and (limit is None or self.in_flight < limit)


class FleetSlot:
    def __init__(self, fleet: Fleet, member: Member) -> None:
        self._fleet = fleet
        self._member = member

    @property
    def base_url(self) -> str:
        return self._member.handle.base_url

    @property
    def stream(self) -> LogStream:
        return self._member.stream

    def release(self) -> None:
        self._fleet.release(self._member)


class Fleet:
    def __init__(self, endpoint_name: str, variant: VariantPlan, tools: FleetTools) -> None:
        self.variant = variant
        self._endpoint_name = endpoint_name
        self._tools = tools
        self._lock = threading.Lock()
        self._members: list[Member] = []
        self._retry_at = 0.0
        self._retry_seconds = _FIRST_RETRY_SECONDS
        self._trouble_since: float | None = None
        self.failure: str | None = None
        """Why the last instance did not start: SageMaker's text, then the cause. None once one is healthy."""

    def members(self) -> list[Member]:
        with self._lock:
            return list(self._members)

    @property
    def size(self) -> int:
        return sum(not member.is_retiring for member in self.members())

    @property
    def healthy_count(self) -> int:
        return sum(member.is_healthy and not member.is_retiring for member in self.members())

    @property
    def is_empty(self) -> bool:
        return not self.members()

    def converge(self, wanted: int) -> None:
        """Take one step towards `wanted` healthy instances: check the present ones, start or retire the difference."""
        self.check()
        for _ in range(wanted - self.size):
            if self._tools.context.now() < self._retry_at or not self._start():
                break
        self._retire(self.size - wanted)
        self._remove_drained()

    def check(self) -> None:
        for member in self.members():
            if not member.is_retiring:
                self._check(member)

    def acquire(self, limit: int | None) -> FleetSlot | None:
        """Return a slot on the healthy instance with the fewest requests; None when all have `limit` of them."""
        with self._lock:
            free = [member for member in self._members if member.can_take(limit)]
            if not free:
                return None
            member = min(free, key=lambda candidate: candidate.in_flight)
            member.in_flight += 1
            return FleetSlot(self, member)

    def release(self, member: Member) -> None:
        with self._lock:
            member.in_flight -= 1

    def stop(self) -> None:
        """End every instance now, with requests under way or without. Raises the first error after the last end."""
        first: Exception | None = None
        for member in self.members():
            try:
                self._end(member)
            except Exception as error:
                first = first or error
        if first is not None:
            raise first

    def _start(self) -> bool:
        try:
            spec = self._new_spec()
        except OSError as error:
            self._wait_for_this_machine(error, None)
            return False
        try:
            handle = self._tools.runtime.start(spec)
        except (RehearsalError, OSError) as error:
            shutil.rmtree(spec.work_dir, ignore_errors=True)
            if local_trouble(error) is not None:
                self._wait_for_this_machine(error, spec)
                return False
            log_tail = error.log_tail if isinstance(error, RehearsalError) else ""
            self._fail(self._start_failure(error, log_tail), self._stream(spec), log_tail)
            return False
        self._trouble_since = None
        with self._lock:
            self._members.append(Member(handle, self._stream(spec), self._tools.context.now()))
        return True

    def _wait_for_this_machine(self, error: Exception, spec: InstanceSpec | None) -> None:
        """Start again soon: the model has no part in it. For as long as a start may take; then it is a failure."""
        now = self._tools.context.now()
        self._retry_at = now + _LOCAL_RETRY_SECONDS
        self._trouble_since = now if self._trouble_since is None else self._trouble_since
        if now - self._trouble_since >= self.variant.startup_timeout_seconds:
            self.failure = machine_failure(self.variant.name, error)
        stream = f"{self._endpoint_name}/{self.variant.name}" if spec is None else spec.instance_id
        log.warning("instance %s could not be started on this machine, and is tried again: %s", stream, error)

    def _new_spec(self) -> InstanceSpec:
        tools, variant = self._tools, self.variant
        instance_id = tools.new_instance_id()
        log_path = tools.platform_log.container_log(LogStream(self._endpoint_name, variant.name, instance_id))
        work_dir = tools.context.settings.work_root / instance_id
        tools.context.disk.make_folder(work_dir)
        return InstanceSpec(
            instance_id=instance_id,
            endpoint_name=self._endpoint_name,
            variant_name=variant.name,
            image=variant.image,
            model_data_url=variant.model_data_url,
            environment=variant.environment,
            work_dir=work_dir,
            log_path=log_path,
            startup_timeout_seconds=variant.startup_timeout_seconds,
        )

    def _stream(self, spec: InstanceSpec) -> LogStream:
        return LogStream(spec.endpoint_name, spec.variant_name, spec.instance_id)

    def _check(self, member: Member) -> None:
        now = self._tools.context.now()
        ended = member.handle.ended()
        if ended is not None:
            self._lose(member, f"the container {ended.reason}")
        elif now >= member.next_ping_at:
            self._ping(member, now)

    def _ping(self, member: Member, now: float) -> None:
        settings = self._tools.context.settings
        try:
            is_healthy = self._tools.ping(member.handle.base_url)
        except LocalTrouble as trouble:  # nothing is known about the container
            log.warning("%s", trouble)
            member.next_ping_at = now + settings.ping_every_seconds
            return
        if is_healthy:
            self._note_healthy(member)
            member.next_ping_at = now + settings.ping_every_seconds
        elif member.is_healthy:
            member.ping_failures += 1
            member.next_ping_at = now + settings.ping_every_seconds
            if member.ping_failures >= settings.ping_failures_before_replacement:
                self._lose(member, f"/ping failed {member.ping_failures} times in a row")
        elif now - member.started_at >= self.variant.startup_timeout_seconds:
            self._lose(member, f"/ping was not healthy within {self.variant.startup_timeout_seconds:g} s")

    def _note_healthy(self, member: Member) -> None:
        member.ping_failures = 0
        if not member.is_healthy:
            member.is_healthy = True
            self.failure = None
            self._retry_at, self._retry_seconds = 0.0, _FIRST_RETRY_SECONDS

    def _lose(self, member: Member, why: str) -> None:
        """End a failed instance and record why; `converge` replaces it."""
        tail = member.handle.log_tail(20)
        self._end(member)
        self._fail(ping_failure(self.variant.name, why, tail), member.stream, tail)

    def _fail(self, reason: str, stream: LogStream, log_tail: str) -> None:
        self.failure = reason
        self._retry_at = self._tools.context.now() + self._retry_seconds
        self._retry_seconds = min(2 * self._retry_seconds, _LAST_RETRY_SECONDS)
        self._tools.platform_log.write(stream, f"{reason}\n{log_tail}".rstrip())

    def _start_failure(self, error: Exception, log_tail: str) -> str:
        if isinstance(error, ModelDataError):
            url = self.variant.model_data_url
            return shortened(f'Failed to download model data for container "container_1" from URL: "{url}". {error}')
        return ping_failure(self.variant.name, str(error), log_tail)

    def _retire(self, surplus: int) -> None:
        """Retire the least busy instances: they get no new requests and end after their last answer."""
        if surplus <= 0:
            return
        with self._lock:
            staying = [member for member in self._members if not member.is_retiring]
            for member in sorted(staying, key=lambda one: (one.is_healthy, one.in_flight))[:surplus]:
                member.is_retiring = True

    def _remove_drained(self) -> None:
        for member in self.members():
            if member.is_retiring and (member.in_flight == 0 or member.handle.ended() is not None):
                self._end(member)

    def _end(self, member: Member) -> None:
        with self._lock:
            member.is_retiring = True
        member.handle.stop(self._tools.context.settings.stop_grace_seconds)
        with self._lock:
            self._members = [one for one in self._members if one is not member]


def ping_failure(variant_name: str, why: str, log_tail: str) -> str:
    """Write AWS's sentence, and after it the cause in the emulator's own words."""
    text = (
        f"The primary container for production variant {variant_name} did not pass the ping health check."
        " Please check CloudWatch logs for this endpoint."
    )
    lines = [line for line in log_tail.strip().splitlines() if line.strip()]
    cause = f" ({why}; the log ends: {' | '.join(lines[-8:])})" if lines else f" ({why})"
    return shortened(text + cause)


def machine_failure(variant_name: str, error: Exception) -> str:
    """The text is the emulator's own."""
    return shortened(f"Unable to start an instance for production variant {variant_name} on this machine: {error}")


def shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 2] + "…)"
