"""The container image that the docker runtime runs."""

from deploy.cli.program import Section, group


def _image() -> None:
    """The commands have all the options."""


app = group("image", __doc__, (Section("Commands", __name__, ("build", "pull")),), _image)
