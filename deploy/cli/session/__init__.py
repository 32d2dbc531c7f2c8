"""One command's work on one endpoint: `target` says which cloud is meant, `session` reads everything that is needed of
it, `resume_state` keeps a promotion that was interrupted.
"""

from deploy.cli.session.session import Session, open_session
from deploy.cli.session.target import Options

__all__ = ["Options", "Session", "open_session"]
