"""Reads what one command needs about one endpoint: `target` selects the cloud, `session` reads project, account and
evidence, `resume_state` keeps a promotion that was interrupted.
"""

from deploy.cli.session.session import Session, open_session
from deploy.cli.session.target import Options

__all__ = ["Options", "Session", "open_session"]
