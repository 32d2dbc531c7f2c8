"""The container image that the docker runtime runs."""

from deploy.cli.program import Section, group


def _image() -> None:
    """This group has no options of its own; the commands have them."""


app = group("image", __doc__, (Section("Commands", __name__, ("build", "pull")),), _image)
