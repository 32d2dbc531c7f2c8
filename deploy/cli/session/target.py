"""Holds the options of a session as plain values, and selects the cloud. May not: read a file, or call AWS."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.aws import Target
from deploy.cli.options import TargetName
from deploy.cli.options.shared import DEFAULT_BUNDLE, GateOptions, ProjectOptions
from deploy.core import settings
from deploy.core.errors import ConfigurationError
from deploy.core.project_file import FILE_NAME


@dataclass(frozen=True)
class Options:
    """The command line's options about an endpoint; `order.json` keeps them for `deploy resume`."""

    config: str = FILE_NAME
    env: str | None = None
    target: TargetName = TargetName.AWS
    profile: str | None = None
    assume_role: str | None = None
    bundle: str = str(DEFAULT_BUNDLE)
    # Empty means the last report of `harness validate`, and of `harness bench` if it has the same bundle and settings.
    evidence: tuple[str, ...] = ()
    override: tuple[str, ...] = ()
    because: str | None = None

    @staticmethod
    def of(*groups: ProjectOptions | GateOptions) -> Options:
        """Make options from the groups that a command takes; an option that is in none keeps its default."""
        said = {name: value for group in groups for name, value in vars(group).items() if value is not None}
        return Options(**{name: _plain(value) for name, value in said.items()})

    @property
    def words(self) -> str:
        """The options that the next command must repeat for the same endpoint, with a blank before them."""
        config_file = self.config if self.config != FILE_NAME else None
        target = self.target.value if self.target is not TargetName.AWS else None
        named = {
            "config": config_file, "env": self.env, "target": target, "profile": self.profile,
            "assume-role": self.assume_role,
        }  # fmt: skip
        return "".join(f" --{name} {shlex.quote(value)}" for name, value in named.items() if value)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(str(each) for each in value)
    return str(value) if isinstance(value, Path) else value


def target(options: Options, region: str, found: settings.Settings | None = None) -> Target:
    """Raises ConfigurationError when it is not clear which cloud is meant."""
    found = found or settings.read()
    if options.target is TargetName.AWS:
        if found.endpoint_urls:
            first, *others = found.endpoint_urls
            more = f" and {len(others)} more like it" if others else ""
            raise ConfigurationError(
                f"the environment sets {first}{more}, so calls would go to an emulator: say --target local to mean "
                "that, or unset every AWS_ENDPOINT_URL* to reach AWS"
            )
        return Target.real(region, profile=options.profile, assume_role=options.assume_role)
    everything = found.endpoint_urls.get("AWS_ENDPOINT_URL")
    sagemaker = found.endpoint_urls.get("AWS_ENDPOINT_URL_SAGEMAKER", everything)
    cloud = found.endpoint_urls.get("AWS_ENDPOINT_URL_S3", everything)
    if sagemaker is None or cloud is None:
        raise ConfigurationError(
            "--target local needs to know where the local cloud is: start it with `harness up --detach` and run "
            'eval "$(harness up --export)"'
        )
    return Target.local(region, cloud_url=cloud, sagemaker_url=sagemaker)
