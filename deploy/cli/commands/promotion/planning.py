"""Makes the plan of a session and what is shown beside it, for both `plan` and `promote`."""

from __future__ import annotations

from deploy.apply.endpoint import size
from deploy.cli.output.rendering import Outlook
from deploy.cli.session import Session
from deploy.plan import observe, plan
from deploy.plan.plan import Plan
from deploy.plan.quota import require_quota
from deploy.plan.role import require_assumable, require_permitted
from deploy.pricing import cost


def make_plan(work: Session) -> tuple[Plan, Outlook]:
    """Raises RehearsalError when the budget, the role or the quota does not allow the plan."""
    cost.require_within_budget(work.project, work.price)
    observed = observe.observe(work.desired, work.monitoring, work.clients)
    planned, running = plan.plan(work.desired, work.monitoring, observed), size(observed.endpoint)
    require_assumable(work.clients, work.role)
    if work.project.endpoint.check_role_permissions:
        require_permitted(work.clients, work.desired)
    quota = require_quota(work.clients, work.project, updating=planned.updates_fleet, running=running)
    expected = cost.expected(work.project, work.price, work.throughput)
    return planned, Outlook(work.price, expected, quota, work.monitoring.derivation, running)
