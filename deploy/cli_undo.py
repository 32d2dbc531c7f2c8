"""Commands that take back what was deployed: rollback, destroy, expire."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from deploy import begun, config, existing, expire, ledgers, output, rollback
from deploy import destroy as destruction
from deploy.cli_options import (
    AssumeRoleOption,
    ConfigOption,
    EnvOption,
    OutputOption,
    ProfileOption,
    TargetOption,
    YesOption,
    confirmed,
    session,
)
from deploy.errors import AwsRefused, ConfigurationError, TimedOut
from deploy.output import Format
from deploy.session import Session, TargetName

_CONFIG = Path(config.FILE_NAME)


def add_to(app: typer.Typer) -> None:
    commands: dict[str, Callable[..., None]] = {"rollback": _rollback, "destroy": _destroy, "expire": _expire}
    for name, command in commands.items():
        app.command(name)(command)


def _rollback(
    release: Annotated[str | None, typer.Argument(help="Id or its beginning; default: the one before.")] = None,
    config_file: ConfigOption = _CONFIG,
    env: EnvOption = None,
    target: TargetOption = TargetName.AWS,
    profile: ProfileOption = None,
    assume_role: AssumeRoleOption = None,
    yes: YesOption = False,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Go back to a release that served before, at once."""
    work = session(config_file, env, target, profile, assume_role)
    question = f"Roll {work.project.endpoint_name} in account {work.account} back to {release or 'the release before'}?"
    if not confirmed(question, yes=yes):
        raise ConfigurationError("not rolled back: nothing was changed. Say --yes to be asked nothing")
    try:
        with begun.alone(work):
            done = rollback.rollback(
                work.retreat(release), work.clients, ledger=work.ledger, on_step=output.step, clock=work.clock
            )
    except (AwsRefused, TimedOut, KeyboardInterrupt):
        output.note("interrupted: the same `deploy rollback` again goes on from here")
        raise
    text = f"release {done.release} serves as {done.endpoint_name} again"
    output.result(output_format, json.loads(done.model_dump_json()), text)


def _destroy(
    config_file: ConfigOption = _CONFIG,
    env: EnvOption = None,
    target: TargetOption = TargetName.AWS,
    profile: ProfileOption = None,
    assume_role: AssumeRoleOption = None,
    purge: Annotated[
        bool,
        typer.Option(
            "--purge",
            help="Delete data too: the bucket if `deploy` made it, else its bundles and release records there.",
        ),
    ] = False,
    yes: YesOption = False,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Delete everything that was created for this endpoint; data stays unless --purge."""
    work = session(config_file, env, target, profile, assume_role)
    with begun.locked(work):
        ledgers.join(work.clients, work.shelf, work.ledger)
        owned = work.ledger.owned()
        output.note("\n".join(f"  - {entry.kind:<15} {entry.name}" for entry in owned) or "nothing is left to destroy")
        if owned and not confirmed(f"Delete these {len(owned)} in account {work.account}?", yes=yes):
            raise ConfigurationError("not destroyed: nothing was changed. Say --yes to be asked nothing")
        done = destruction.destroy(work.ledger, work.clients, on_step=output.step, clock=work.clock, purge=purge)
        begun.forget(work)
        kept = [*done.kept, *_after_destroying(work, purge=purge)]
    document = {"schema": "rehearsal.destroyed/1", "deleted": list(done.deleted), "kept": kept}
    said = f", with data kept: {', '.join(kept)}{'' if purge else ' (--purge deletes it)'}" if kept else ""
    output.result(output_format, document, f"{len(done.deleted)} deleted{said}")


def _after_destroying(work: Session, *, purge: bool) -> list[str]:
    """What stays in a bucket that something else made, and may be others' too: requests and their results."""
    if purge and not destruction.purge_records(work.clients, work.shelf):
        return []
    if not purge:
        if existing.bucket_region(work.clients, work.shelf.bucket) is not None:
            ledgers.keep(work.clients, work.shelf, work.ledger)
        return []
    storage = work.project.storage
    return [f"s3://{work.shelf.bucket}/{prefix}/" for prefix in (storage.input, storage.output, storage.failure)]


def _expire(
    config_file: ConfigOption = _CONFIG,
    env: EnvOption = None,
    target: TargetOption = TargetName.AWS,
    profile: ProfileOption = None,
    assume_role: AssumeRoleOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which.")] = False,
    output_format: OutputOption = Format.TEXT,
) -> None:
    """Delete every endpoint in the region whose end of life, [rollout] ttl_hours, has passed."""
    work = session(config_file, env, target, profile, assume_role)
    if dry_run:
        found = expire.expired(work.clients, work.clock.today())
    else:
        found = expire.expire(
            work.clients, ledger=work.ledger, account=work.account, on_step=output.step, clock=work.clock
        )
    document = {
        "schema": "rehearsal.expired/1",
        "deleted": not dry_run,
        "endpoints": [{"endpoint_name": each.endpoint_name, "since": each.since.isoformat()} for each in found],
    }
    said = [f"{each.endpoint_name}, since {each.since:%Y-%m-%d %H:%M}" for each in found]
    output.result(output_format, document, "\n".join(said) or "no endpoint has expired")
