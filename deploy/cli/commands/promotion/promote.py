"""Carry the plan out if the evidence allows it: `deploy --promote`."""

from __future__ import annotations

from deploy.cli import output
from deploy.cli.commands.promotion.carrying_out import carry_out
from deploy.cli.commands.promotion.planning import make_plan
from deploy.cli.options.promotion import PromotionOptions
from deploy.cli.output import rendering
from deploy.cli.session import open_session, resume_state
from deploy.gates import gate as gates
from deploy.plan import plan as plans
from deploy.signatures import keys


def promote(options: PromotionOptions) -> None:
    work = open_session(options.endpoint, options.gates)
    signed = f"signed with key {keys.shown(work.signer.keyid)}" if work.signer else "unsigned"
    output.note(f"as {work.actor} in {work.project.endpoint.region}; the release record will be {signed}\n")
    verdicts = work.verdicts
    output.note(rendering.gates(verdicts))
    gates.require_open(verdicts)
    planned, outlook = make_plan(work)
    if options.reviewed is not None:
        plans.require_unchanged(plans.read(options.reviewed), planned)
    output.note(rendering.plan(planned, work.project, outlook, promoting=True))
    question = f"Promote release {planned.release} to account {planned.account}, {planned.region}?"
    output.require_yes(question, yes=options.yes, otherwise="not promoted")
    with resume_state.alone(work):
        resume_state.remember(work)
        carry_out(work, options.output_format)
