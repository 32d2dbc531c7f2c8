"""What the command line said of an endpoint, and which cloud that means. May not: read a file, or call anything."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum

from deploy import config
from deploy.aws import Target
from deploy.core import settings
from deploy.core.errors import ConfigurationError


class TargetName(StrEnum):
    LOCAL = "local"
    AWS = "aws"


@dataclass(frozen=True)
class Options:
    """What the command line said."""

    config: str = config.FILE_NAME
    env: str | None = None
    target: TargetName = TargetName.AWS
    profile: str | None = None
    assume_role: str | None = None
    bundle: str = "dist/model.tar.gz"
    evidence: tuple[str, ...] = ()
    """Empty: what `harness validate` wrote last and, when it is about the same bundle and settings, `harness bench`."""
    override: tuple[str, ...] = ()
    because: str | None = None

    @property
    def words(self) -> str:
        """What the next command must repeat to be about the same endpoint, with a blank before it."""
        config_file = self.config if self.config != config.FILE_NAME else None
        target = self.target.value if self.target is not TargetName.AWS else None
        named = {
            "config": config_file, "env": self.env, "target": target, "profile": self.profile,
            "assume-role": self.assume_role,
        }  # fmt: skip
        return "".join(f" --{name} {shlex.quote(value)}" for name, value in named.items() if value)


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
