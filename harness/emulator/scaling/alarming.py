"""Whether a metric breaches, from the emulator's own measurements, in periods that the time scale shortens."""

from __future__ import annotations

from dataclasses import dataclass

from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.metrics.meter import NAMESPACE, Meter
from harness.emulator.scaling.decisions import is_breaching, statistic


@dataclass(frozen=True)
class MetricAlarm:
    """A CloudWatch alarm on one metric, as far as scaling needs it."""

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
    """The newest period's, when there is one."""


class Evaluator:
    def __init__(self, meter: Meter, settings: EmulatorSettings) -> None:
        self._meter, self._settings = meter, settings

    def read(self, alarm: MetricAlarm, now: float) -> Reading:
        """Of a metric that is not the emulator's, the cloud's word is taken."""
        if alarm.namespace != NAMESPACE or alarm.endpoint_name is None:
            return Reading(alarm.is_ringing_in_cloud, None)
        points = self.points(alarm, now)
        rings = is_breaching(points, alarm.comparison, alarm.threshold, alarm.datapoints_to_alarm)
        return Reading(rings or alarm.is_ringing_in_cloud, points[0])

    def points(self, alarm: MetricAlarm, now: float) -> list[float | None]:
        """One value a whole period, as CloudWatch cuts time, the newest first; None where nothing was measured."""
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
