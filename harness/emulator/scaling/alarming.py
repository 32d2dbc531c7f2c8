"""Whether a metric breaches, by the emulator's own data, in periods that the time scale shortens."""

from __future__ import annotations

from dataclasses import dataclass

from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.metrics.meter import NAMESPACE, Meter
from harness.emulator.scaling.decisions import is_breaching, statistic


@dataclass(frozen=True)
class MetricAlarm:
    """The part of a CloudWatch alarm on one metric that scaling needs."""

    name: str
    namespace: str
    metric_name: str
    endpoint_name: str | None
    variant_name: str | None
    statistic: str
    period_seconds: float
    evaluation_periods: int
    datapoints_to_alarm: int
    comparison: str
    threshold: float
    policy_arns: tuple[str, ...] = ()
    is_ringing_in_cloud: bool = False


@dataclass(frozen=True)
class Reading:
    is_ringing: bool
    value: float | None
    """The newest period's value, if there is one."""


class Evaluator:
    def __init__(self, meter: Meter, settings: EmulatorSettings) -> None:
        self._meter, self._settings = meter, settings

    def read(self, alarm: MetricAlarm, now: float) -> Reading:
        """Evaluate the alarm; for a metric that is not the emulator's, return the cloud's state."""
        if alarm.namespace != NAMESPACE or alarm.endpoint_name is None:
            return Reading(alarm.is_ringing_in_cloud, None)
        points = self.points(alarm, now)
        rings = is_breaching(points, alarm.comparison, alarm.threshold, alarm.datapoints_to_alarm)
        return Reading(rings or alarm.is_ringing_in_cloud, points[0])

    def points(self, alarm: MetricAlarm, now: float) -> list[float | None]:
        """Return one value for each whole period, the newest first; None for a period without data."""
        period = self._settings.real_seconds(alarm.period_seconds)
        newest = now // period * period
        found = []
        for number in range(alarm.evaluation_periods):
            until = newest - number * period
            values = self._meter.recent(
                alarm.metric_name, alarm.endpoint_name or "", alarm.variant_name, since=until - period, until=until
            )
            found.append(statistic(values, alarm.statistic))
        return found
