"""Renders plans, gates, status, costs and releases as text, with the most important line last, in pure functions.

May not: print, or decide anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy.apply.endpoint import keeps_its_size
from deploy.config import Project
from deploy.gates.gate import GateVerdict
from deploy.plan.plan import Change, Plan
from deploy.plan.status import Status
from deploy.pricing import Price
from deploy.pricing import cost as costs
from deploy.pricing.cost import Cost, Range
from deploy.releases import Attempt, Unreadable
from deploy.releases.provenance import Link

_MARKS = {"passed": "ok", "failed": "NO", "inconclusive": "??", "overridden": "!!"}


@dataclass(frozen=True)
class Outlook:
    """What is shown beside the changes of a plan."""

    price: Price | None
    # None without a load or a benchmark.
    expected: Cost | None
    quota: str
    # Tells how the backlog policy's target value was derived.
    derivation: str
    # The desired instance count of the fleet that serves now; it changes by itself, so it is not part of the plan.
    instances: int = 0


def plan(planned: Plan, project: Project, outlook: Outlook, *, promoting: bool = False, words: str = "") -> str:
    """`words` are the options that the next command must repeat."""
    lines = [f"{planned.endpoint_name} in account {planned.account}, {planned.region}", ""]
    lines += [line for change in planned.changes for line in _change(change)]
    if planned.changes:
        lines.append("")
    lines += [
        f"release  {planned.release}  bundle {planned.bundle_sha256[:12]}  settings {planned.project_sha256[:12]}",
        f"scaling  backlog per instance {outlook.derivation}" if project.autoscaling.enabled else "scaling  off",
        *([f"fleet    {_fleet(project, outlook)}"] if planned.updates_fleet else []),
        f"quota    {outlook.quota}",
        *(f"cost     {line}" for line in _plan_cost(planned, project, outlook)),
        "",
        _plan_summary(planned, promoting=promoting, words=words),
    ]
    return "\n".join(lines)


def _change(change: Change) -> Iterator[str]:
    yield f"  {change.symbol:<3} {change.kind:<15} {change.name}"
    for detail in change.details:
        yield f"      {'':<15} {detail}"


def _fleet(project: Project, outlook: Outlook) -> str:
    now, initial = outlook.instances, project.endpoint.initial_instance_count
    if keeps_its_size(now, initial):
        return f"{_instances(now)} at work now; the new fleet starts as large, an update takes none away"
    because = "to load the new model" if now == 0 else "[endpoint] initial_instance_count"
    return f"{_instances(now)} at work now; the new fleet starts with {initial}, {because}"


def _instances(count: int) -> str:
    return f"{count or 'no'} instance{'' if count == 1 else 's'}"


def _plan_cost(planned: Plan, project: Project, outlook: Outlook) -> Iterator[str]:
    price = outlook.price
    if price is None:
        yield f"unknown: no price for {project.endpoint.instance_type} in {planned.region}"
        return
    least, most = (each(project, price) for each in (costs.usd_per_month_at_least, costs.usd_per_month_at_most))
    yield f"${price.usd_per_hour:g} an hour for each {project.endpoint.instance_type} that runs ({price.source})"
    yield f"${least:,.0f} to ${most:,.0f} a month, by how much it is used{_expected(project, outlook.expected)}"
    if planned.updates_fleet:
        minutes = costs.both_fleets_minutes(project)
        usd = costs.usd_per_update(project, price, outlook.instances)
        yield f"${usd:.2f} for this update: both fleets run for about {minutes:.0f} minutes"


def _expected(project: Project, found: Cost | None) -> str:
    if found is not None:
        month = found.usd_per_month
        rate = project.cost.requests_per_hour
        return (
            f"; expected ${month.expected:,.0f} (${month.low:,.0f} to ${month.high:,.0f}) at {rate:g} requests an hour"
        )
    missing = "`harness bench`" if project.cost.requests_per_hour is not None else "[cost] requests_per_hour"
    return f"; what to expect needs {missing}"


def _plan_summary(planned: Plan, *, promoting: bool, words: str) -> str:
    if not planned.changes:
        return "No changes: what is deployed is what is wanted."
    counts = {
        "create": sum(change.action == "create" for change in planned.changes),
        "change": sum(change.action == "update" for change in planned.changes),
        "replace": sum(change.action == "replace" for change in planned.changes),
        "delete": sum(change.action == "delete" for change in planned.changes),
    }
    said = ", ".join(f"{count} to {what}" for what, count in counts.items() if count)
    return f"{said}." if promoting else f"{said}. Nothing was changed; `deploy --promote{words}` does it."


def gates(verdicts: Sequence[GateVerdict]) -> str:
    lines = [f"  {_MARKS[each.outcome]}  {each.gate:<14} {each.reason}" for each in verdicts]
    shut = [each.gate for each in verdicts if not each.allows]
    are = "is" if len(shut) == 1 else "are"
    summary = (
        f"{len(shut)} of {len(verdicts)} gates {are} shut: {', '.join(shut)}. New evidence opens them "
        "(`harness validate`), or, for a reason that is kept, --override GATE --because TEXT"
    )
    return "\n".join([*lines, "", summary if shut else "Every gate is open."])


def links(found: Sequence[Link]) -> str:
    lines = [f"  {'ok' if each.holds else 'NO'}  {each.what:<12} {each.detail}" for each in found]
    broken = [each.what for each in found if not each.holds]
    summary = f"not proven: {', '.join(broken)}" if broken else "proven: what serves is what was recorded"
    return "\n".join([*lines, "", summary])


def status(found: Status, price: Price | None) -> str:
    limits = "not scaled" if found.max_instances is None else f"{found.min_instances} to {found.max_instances}"
    suspended = ", scaling is suspended" if found.scaling_suspended else ""
    lines = [
        f"endpoint   {found.endpoint_name}: {found.state}{f', {found.failure_reason}' if found.failure_reason else ''}",
        f"serves     {found.config_name}",
        f"release    {_release(found)}",
        f"instances  {found.instances} x {found.instance_type}, {found.wanted_instances} wanted ({limits}){suspended}",
        f"backlog    {_backlog(found)}",
        f"age        {_age(found.age_hours)}",
        f"cost       {_spend(found, price)}",
    ]
    return "\n".join(lines)


def _age(hours: float) -> str:
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def _release(found: Status) -> str:
    if found.release is None:
        return "none recorded"
    return found.release if found.follows_pointer else f"{found.release} is recorded, but something else serves"


def _backlog(found: Status) -> str:
    if found.backlog is None:
        return "no datapoint in the last 10 minutes"
    oldest = f", the oldest for {found.oldest_seconds:.0f} s" if found.oldest_seconds else ""
    return f"{found.backlog:.0f} waiting or running{oldest}"


def _spend(found: Status, price: Price | None) -> str:
    if price is None or found.usd_per_hour is None or found.usd_at_most is None:
        return "unknown: no price for this instance type and region"
    return (
        f"${found.usd_per_hour:g} an hour now, at most ${found.usd_at_most:,.2f} since it was created ({price.source})"
    )


def cost(found: Cost) -> str:
    lines = [f"  {line}" for line in found.assumptions]
    lines += ["", f"{'':<22} {'low':>9} {'expected':>9} {'high':>9}"]
    rows: list[tuple[str, Range | None, str]] = [
        ("hours a day", found.hours_per_day, ".1f"),
        ("$ a day", found.usd_per_day, ".2f"),
        ("$ a month", found.usd_per_month, ".0f"),
        ("$ per 1,000 frames", found.usd_per_1000_frames, ".3f"),
    ]
    busy = found.busy_usd_per_1000_frames
    lines += [
        f"{name:<22} {values.low:>9{form}} {values.expected:>9{form}} {values.high:>9{form}}"
        for name, values, form in rows
        if values is not None
    ]
    lines += [
        "",
        *([f"per 1,000 frames on an instance that never waits: ${busy:.3g}"] if busy is not None else []),
        f"always on: ${found.always_on_usd_per_month:,.0f} a month; an update: ${found.usd_per_update:.2f}",
        f"expected: ${found.usd_per_month.expected:,.0f} a month on {found.instance_type}",
    ]
    return "\n".join(lines)


def releases(found: Sequence[Attempt], in_service: str | None) -> str:
    """`in_service` is the key of the record that the pointer names."""
    if not found:
        return "nothing was promoted here yet: `deploy --promote` does it"
    lines = [_attempt(each, "->" if each.key == in_service else "  ") for each in found]
    marked = any(each.key == in_service for each in found)
    return "\n".join([*lines, "", "-> was put into service last"] if marked else lines)


def _attempt(each: Attempt, mark: str) -> str:
    if isinstance(each, Unreadable):
        return f"{mark} {each.release}  {each.created:%Y-%m-%d %H:%M}Z  unreadable: {each.reason}"
    release = each.release
    reason = f"  {release.reason.splitlines()[0]}" if release.reason else ""
    return f"{mark} {release.release}  {release.created:%Y-%m-%d %H:%M}Z  {release.state:<11}  {release.actor}{reason}"
