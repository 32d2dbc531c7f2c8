"""The settings of one emulator; nothing in this package reads the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.core.errors import ConfigurationError
from harness.emulator.context.arns import Account


@dataclass(frozen=True)
class EmulatorSettings:
    """State folder, account, address, and the choices that AWS leaves open."""

    state_dir: Path
    cloud_url: str
    account: Account = field(default_factory=Account)
    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free port."""
    allowed_hosts: tuple[str, ...] = ()
    """Names by which it may be called besides loopback ones and `host` (see `harness.core.callers`)."""
    time_scale: float = 1.0
    """How many AWS seconds of scaling, alarm and deployment waits pass in one: 60 turns minutes into seconds."""
    default_concurrency: int = 4
    """MaxConcurrentInvocationsPerInstance when the config names none; on AWS "SageMaker chooses an optimal value"."""
    instance_quota: int = 20
    """The most instances of all endpoints together; more raise AWS's ResourceLimitExceeded."""
    ping_every_seconds: float = 5.0
    ping_failures_before_replacement: int = 6
    stop_grace_seconds: float = 30.0
    """The time between SIGTERM and SIGKILL, as on AWS."""
    drain_seconds: float = 5.0
    """How long a stop waits for requests under way; unanswered ones stay queued for the next start."""
    backlog_per_instance_at_zero: bool = False
    """Publish ApproximateBacklogSizePerInstance (as the whole backlog) while there are no instances."""
    publish_metrics_every_seconds: float = 60.0
    """AWS seconds, which the time scale shortens."""
    most_attempts: int = 20
    """How often S3 or SNS may answer 5xx to one step of a job; waits of 1, 2, 4 ... 60 s add up to 14 minutes."""
    most_deliveries: int = 128
    """The most undelivered outcomes of one endpoint; at that number no further job starts."""
    finished_jobs_kept_seconds: float = 24 * 3600.0
    """How long a delivered job stays in the database."""
    logs_kept_seconds: float = 7 * 24 * 3600.0
    """How long the logs of an ended instance stay after their last line."""

    def __post_init__(self) -> None:
        if self.time_scale <= 0:
            raise ConfigurationError(
                f"time scale {self.time_scale:g} is not above zero; 1 is real time, 60 is a minute a second"
            )
        if not 0 <= self.port <= 65535:
            raise ConfigurationError(f"port {self.port} is not within 0..65535; 0 takes a free one")

    def real_seconds(self, seconds: float) -> float:
        """How long a wait of that many AWS seconds takes here."""
        return seconds / self.time_scale

    @property
    def publish_every_real_seconds(self) -> float:
        return self.real_seconds(self.publish_metrics_every_seconds)

    @property
    def spool_dir(self) -> Path:
        return self.state_dir / "spool"

    @property
    def work_root(self) -> Path:
        return self.state_dir / "instances"

    @property
    def logs_dir(self) -> Path:
        return self.state_dir / "logs"

    @property
    def log_times_dir(self) -> Path:
        return self.state_dir / "log-times"
