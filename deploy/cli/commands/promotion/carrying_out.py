"""Carries out the promotion of a session and prints the release, for both `promote` and `resume`."""

from __future__ import annotations

import json

from deploy.cli import output
from deploy.cli.options import Format
from deploy.cli.session import Session, resume_state
from deploy.core.errors import AwsRefused, EndpointFailed, LockLost, RehearsalError, TimedOut
from deploy.promote import promote
from deploy.promote.promote import Promoted
from deploy.releases import Release


def carry_out(work: Session, output_format: Format, *, resuming: bool = False) -> None:
    """Promote and print. An attempt that was refused before it was judged can be resumed once the cause is gone."""
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
    """The command for the way back; a first release can only be destroyed."""
    return "destroy" if done.release.previous is None else "rollback"
