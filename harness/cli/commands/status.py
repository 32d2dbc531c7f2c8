"""Say what runs: addresses, endpoints, instances.

Exit code 3 when nothing does, or one of the services is dead.
"""

from __future__ import annotations

from dataclasses import asdict

from deploy.cli.options import Format, OutputOption
from deploy.core.state import STATE_DIR
from harness.cli.options import StateOption
from harness.cli.output import print_result
from harness.cli.output.addresses import addresses
from harness.local_environment import record
from harness.observations.instances import all_instances


def status(state_dir: StateOption = STATE_DIR, output_format: OutputOption = Format.TEXT) -> None:
    found = record.require(state_dir)
    instances = all_instances(found.sagemaker_url)
    lines = [addresses(found, state_dir)]
    lines += [f"instance  {each.endpoint_name}  {each.instance_id}  {each.runtime}" for each in instances]
    document = {
        "schema": "rehearsal.status/1",
        **asdict(found),
        "instances": [asdict(each) | {"facts": dict(each.facts)} for each in instances],
    }
    print_result(output_format, document, "\n".join(lines))
    record.require_whole(found)
