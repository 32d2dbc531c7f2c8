"""The program that runs LocalStack in its own environment. It is run as a file, never imported.

Three behaviours of LocalStack 4.12 cannot be configured, and are corrected here before it starts:
- its Twisted server ignores the host of GATEWAY_LISTEN and binds every interface (`runtime/server/twisted.py`), and a
  local cloud with dummy credentials must not be reachable from the network;
- it keeps S3 objects in one fixed folder below /tmp (`services/s3/provider.py`), which all running LocalStacks share:
  the first to end would remove the buckets of the others;
- it asks the name service for a host of its own (`utils/aws/aws_stack.py`), which takes seconds where none answers.
"""

from __future__ import annotations

import importlib
import os
from functools import partial
from typing import Any


def main() -> None:
    endpoints: Any = importlib.import_module("twisted.internet.endpoints")
    endpoints.TCP4ServerEndpoint = partial(endpoints.TCP4ServerEndpoint, interface="127.0.0.1")
    s3: Any = importlib.import_module("localstack.services.s3.provider")
    s3.DEFAULT_S3_TMP_DIR = os.environ["REHEARSAL_S3_DIR"]
    aws_stack: Any = importlib.import_module("localstack.utils.aws.aws_stack")
    aws_stack.CACHE_S3_HOSTNAME_DNS_STATUS = False
    importlib.import_module("localstack.runtime.main").main()


if __name__ == "__main__":
    main()
