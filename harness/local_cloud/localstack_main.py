"""The program that runs LocalStack in its own environment. It is run as a file, never imported.

Four behaviours of LocalStack 4.12 cannot be configured, and are corrected here before it starts:
- its Twisted server ignores the host of GATEWAY_LISTEN and binds every interface (`runtime/server/twisted.py`), and a
  local cloud with dummy credentials must not be reachable from the network;
- it keeps S3 objects in one fixed folder below /tmp (`services/s3/provider.py`), which all running LocalStacks share:
  the first to end would remove the buckets of the others;
- it answers whoever calls, by whatever name, and pages of its own web application besides (`aws/handlers/cors.py`);
- it asks the name service for a host of its own (`utils/aws/aws_stack.py`), which takes seconds where none answers.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

_CALLERS = Path(__file__).parents[1] / "core" / "callers.py"
# Names below it lead to 127.0.0.1; LocalStack uses them for buckets.
_LOCALSTACKS_OWN = ("localhost.localstack.cloud", ".localhost.localstack.cloud")


def main() -> None:
    endpoints: Any = importlib.import_module("twisted.internet.endpoints")
    endpoints.TCP4ServerEndpoint = partial(endpoints.TCP4ServerEndpoint, interface="127.0.0.1")
    s3: Any = importlib.import_module("localstack.services.s3.provider")
    s3.DEFAULT_S3_TMP_DIR = os.environ["REHEARSAL_S3_DIR"]
    _refuse_strangers()
    aws_stack: Any = importlib.import_module("localstack.utils.aws.aws_stack")
    aws_stack.CACHE_S3_HOSTNAME_DNS_STATUS = False
    importlib.import_module("localstack.runtime.main").main()


def _refuse_strangers() -> None:
    """Put the check of `callers` before all other handlers of the gateway."""
    allowed = tuple(name for name in os.environ["REHEARSAL_ALLOWED_HOSTS"].split(",") if name)
    callers = _loaded(_CALLERS).Callers("127.0.0.1", (*_LOCALSTACKS_OWN, *allowed))

    def refuse(chain: Any, context: Any, response: Any) -> None:
        headers = context.request.headers
        why = callers.refusal(*(headers.getlist(name) for name in ("Host", "Origin", "Sec-Fetch-Site")))
        if why is not None:
            message = escape(f"This local cloud answers this machine alone: {why}.")
            response.status_code = 403
            response.headers["Content-Type"] = "application/xml"
            response.set_response(f"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>")
            chain.stop()

    app: Any = importlib.import_module("localstack.aws.app")
    construct = app.LocalstackAwsGateway.__init__

    def constructed(self: Any, *arguments: Any, **named: Any) -> None:
        construct(self, *arguments, **named)
        self.request_handlers.insert(0, refuse)

    app.LocalstackAwsGateway.__init__ = constructed


def _loaded(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("rehearsal_callers", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not there: install rehearsal again")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
