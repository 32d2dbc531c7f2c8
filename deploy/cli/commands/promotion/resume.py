"""Finish a promotion that was interrupted.

It continues with the options of the interrupted promotion, towards the same release.
"""

from __future__ import annotations

from deploy.cli.commands.promotion.carrying_out import carry_out
from deploy.cli.options import EndpointOptions, Format, OutputOption
from deploy.cli.session import Session, open_session, resume_state


def resume(endpoint: EndpointOptions, output_format: OutputOption = Format.TEXT) -> None:
    options, release = resume_state.remembered(open_session(endpoint))
    work = Session(options)
    with resume_state.alone(work):
        resume_state.require_same(work, release)
        carry_out(work, output_format, resuming=True)
