"""Run one check on its own, without an endpoint."""

from deploy.cli.program import Section, group


def _check() -> None:
    """The checks have all the options."""


app = group("check", __doc__, (Section("Commands", __name__, ("parity",)),), _check)
