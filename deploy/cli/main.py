"""The command line: `deploy <word>`, where the word is a module and its function.

Results on stdout, progress on stderr. May not: do any work of its own; it reads arguments, calls, and prints.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy import config
from deploy.apply.endpoint import size
from deploy.cli import after, bundle, output, reference, rendering, replay, resume_state, undo
from deploy.cli.help import grouped, refuse_strayed
from deploy.cli.options import (
    DEFAULT_BUNDLE,
    AssumeRoleOption,
    BecauseOption,
    BundleOption,
    ConfigOption,
    EnvOption,
    EvidenceOption,
    OutputOption,
    OverrideOption,
    ProfileOption,
    TargetOption,
    YesOption,
    on_session,
    require_yes,
    session,
)
from deploy.cli.output import Format
from deploy.cli.rendering import Outlook
from deploy.cli.session import Session
from deploy.cli.target import TargetName
from deploy.core.errors import AwsRefused, EndpointFailed, LockLost, RehearsalError, TimedOut
from deploy.gates import gate as gates
from deploy.plan import observe, plan
from deploy.plan.plan import Plan
from deploy.plan.quota import require_quota
from deploy.plan.role import require_assumable, require_permitted
from deploy.pricing import cost
from deploy.promote import promote
from deploy.promote.promote import Promoted
from deploy.releases import Release, keys

CHANGES = 2
"""Exit code of a plan that would change something, as `terraform plan -detailed-exitcode` has it."""

COMMANDS = {
    "Before": ("config", "policy", "cost", "keygen", "vendor", "bundle", "gate"),
    "What runs": ("status", "invoke", "smoke", "logs", "replay", "releases", "drift", "verify"),
    "Finish, undo": ("resume", "rollback", "destroy", "expire"),
}

app = typer.Typer(
    name="deploy",
    cls=grouped(COMMANDS),
    help="Bundle, gate, plan and promote a SageMaker asynchronous endpoint.\n\n"
    "Without a command: show the plan; with --promote: carry it out.\n\n"
    "Exit codes: 0 ok, 1 failed or refused, 2 usage or configuration, 3 this machine cannot, 4 AWS refused, "
    "124 timed out, 130 interrupted; of a plan: 0 no changes, 2 changes, 1 error.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def deploy(
    context: typer.Context,
    promote_it: Annotated[
        bool, typer.Option("--promote", help="Carry the plan out, if the evidence allows it.")
    ] = False,
    config_file: ConfigOption = Path(config.FILE_NAME),
    env: EnvOption = None,
    target: TargetOption = TargetName.AWS,
    profile: ProfileOption = None,
    assume_role: AssumeRoleOption = None,
    bundle_file: BundleOption = DEFAULT_BUNDLE,
    evidence: EvidenceOption = None,
    override: OverrideOption = None,
    because: BecauseOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Keep the plan in this file.", metavar="FILE")] = None,
    reviewed: Annotated[
        Path | None,
        typer.Option("--plan", help="Promote only if the plan is still the one in this file.", metavar="FILE"),
    ] = None,
    yes: YesOption = False,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Show what would change; with --promote, do it."""
    if context.invoked_subcommand is not None:
        refuse_strayed(context)
        return
    work = session(
        config_file,
        env,
        target,
        profile,
        assume_role,
        bundle=bundle_file,
        evidence=evidence,
        override=override,
        because=because,
    )
    if promote_it:
        _promote(work, reviewed, output_format, yes=yes)
    else:
        raise typer.Exit(_show_plan(work, out, output_format))


@app.command()
def gate(
    config_file: ConfigOption = Path(config.FILE_NAME),
    env: EnvOption = None,
    target: TargetOption = TargetName.AWS,
    bundle_file: BundleOption = DEFAULT_BUNDLE,
    evidence: EvidenceOption = None,
    override: OverrideOption = None,
    because: BecauseOption = None,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Say for every gate whether the evidence opens it, and why not."""
    work = session(config_file, env, target, bundle=bundle_file, evidence=evidence, override=override, because=because)
    verdicts = work.verdicts
    document = {"schema": "rehearsal.gates/1", "gates": [asdict(each) for each in verdicts]}
    output.result(output_format, document, rendering.gates(verdicts))
    if not all(each.allows for each in verdicts):
        raise typer.Exit(1)


@app.command()
@on_session()
def resume(
    asked: Session,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Finish a promotion that was interrupted.

    With the words it was begun with, towards the release that was agreed to.
    """
    options, release = resume_state.remembered(asked)
    work = Session(options)
    with resume_state.alone(work):
        resume_state.require_same(work, release)
        _carry_out(work, output_format, resuming=True)


def _plan(work: Session) -> tuple[Plan, Outlook]:
    cost.require_within_budget(work.project, work.price)
    stands = observe.observe(work.desired, work.monitoring, work.clients)
    planned, running = plan.plan(work.desired, work.monitoring, stands), size(stands.endpoint)
    require_assumable(work.clients, work.role)
    if work.project.endpoint.check_role_permissions:
        require_permitted(work.clients, work.desired)
    quota = require_quota(work.clients, work.project, updating=planned.updates_fleet, running=running)
    expected = cost.expected(work.project, work.price, work.throughput)
    return planned, Outlook(work.price, expected, quota, work.monitoring.derivation, running)


def _show_plan(work: Session, out: Path | None, output_format: Format) -> int:
    """Errors end with 1 here, since 2 says that there are changes."""
    try:
        planned, outlook = _plan(work)
    except RehearsalError as error:
        output.error(str(error))
        return 1
    if out is not None:
        plan.write(out, planned)
    document: dict[str, Any] = json.loads(planned.to_json()) | asdict(outlook)
    output.result(output_format, document, rendering.plan(planned, work.project, outlook, words=work.options.words))
    return CHANGES if planned.changes else 0


def _promote(work: Session, reviewed: Path | None, output_format: Format, *, yes: bool) -> None:
    signed = f"signed with key {keys.shown(work.signer.keyid)}" if work.signer else "unsigned"
    output.note(f"as {work.actor} in {work.project.endpoint.region}; the release record will be {signed}\n")
    verdicts = work.verdicts
    output.note(rendering.gates(verdicts))
    gates.require_open(verdicts)
    planned, outlook = _plan(work)
    if reviewed is not None:
        plan.require_unchanged(plan.read(reviewed), planned)
    output.note(rendering.plan(planned, work.project, outlook, promoting=True))
    question = f"Promote release {planned.release} to account {planned.account}, {planned.region}?"
    require_yes(question, yes=yes, otherwise="not promoted")
    with resume_state.alone(work):
        resume_state.remember(work)
        _carry_out(work, output_format)


def _carry_out(work: Session, output_format: Format, *, resuming: bool = False) -> None:
    """An attempt that was judged is over; what was refused before that can be resumed once the cause is gone."""
    work.keep_evidence()
    try:
        done = promote.promote(
            work.promotion_request(), work.clients, ledger=work.ledger, on_step=output.step, clock=work.clock
        )
    except (AwsRefused, LockLost, TimedOut, KeyboardInterrupt):
        words = work.options.words
        output.note(
            f"interrupted: `deploy resume{words}` goes on from here, `deploy destroy{words}` takes everything back"
        )
        raise
    except RehearsalError as error:
        if isinstance(error, EndpointFailed) or not resuming:
            resume_state.forget(work)
        raise
    resume_state.forget(work)
    document = json.loads(done.release.model_dump_json()) | {"record": done.record_key}
    output.result(
        output_format, document, f"{_served(done.release)} with `deploy {_way_back(done)}{work.options.words}`"
    )


def _served(release: Release) -> str:
    return f"release {release.release} serves as {release.endpoint_name}; go back"


def _way_back(done: Promoted) -> str:
    """Before a first release there is nothing to go back to."""
    return "destroy" if done.release.previous is None else "rollback"


after.add_to(app)
replay.add_to(app)
undo.add_to(app)
reference.add_to(app)
bundle.add_to(app)


def main(arguments: list[str] | None = None) -> None:
    """The console script; ends with the exit code of what happened."""
    try:
        app(args=arguments, prog_name="deploy")
    except RehearsalError as error:
        output.error(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
