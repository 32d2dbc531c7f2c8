"""Run one check on its own, without an endpoint."""

from deploy.cli.program import Section, group


def _check() -> None:
    """This group has no options of its own; the checks have them."""


app = group("check", __doc__, (Section("Commands", __name__, ("parity",)),), _check)
