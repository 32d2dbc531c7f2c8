"""Record what the endpoint answers, and hold later answers against it."""

from deploy.cli.program import Section, group


def _golden() -> None:
    """This group has no options of its own; its commands have them."""


app = group("golden", __doc__, (Section("Commands", __name__, ("record", "check", "show")),), _golden)
