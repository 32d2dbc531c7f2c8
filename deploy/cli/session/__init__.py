"""Reads what one command needs about one endpoint: `target` selects the cloud, `session` reads project and account,
`local_evidence` finds the evidence on this machine, `resume_state` keeps a promotion that was interrupted.
"""

from deploy.cli.session.session import Session, open_session
from deploy.cli.session.target import Options

__all__ = ["Options", "Session", "open_session"]
