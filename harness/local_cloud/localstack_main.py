"""The program that runs LocalStack in its own environment. It is run as a file, never imported.

Five behaviours of LocalStack 4.12 cannot be configured, and are corrected here before it starts:
- its Twisted server ignores the host of GATEWAY_LISTEN and binds every interface (`runtime/server/twisted.py`), and a
  local cloud with dummy credentials must not be reachable from the network;
- it keeps S3 objects in one fixed folder below /tmp (`services/s3/provider.py`), which all running LocalStacks share:
  the first to end would remove the buckets of the others;
- its KMS calls `uuid.uuid5` with bytes, which Python takes from 3.12 on (`services/kms/models.py`);
- it answers every caller, by any name, and pages of its own web application besides (`aws/handlers/cors.py`);
- it asks the name service for a host of its own (`utils/aws/aws_stack.py`), which takes seconds where none answers.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import runpy
import signal
import uuid
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

_HARNESS = Path(__file__).parents[1]
# Names below it lead to 127.0.0.1; LocalStack uses them for buckets.
_LOCALSTACKS_OWN = ("localhost.localstack.cloud", ".localhost.localstack.cloud")


def main() -> None:
    _loaded("processes", "orphan")["end_with_parent"](lambda: os.kill(os.getpid(), signal.SIGKILL))
    endpoints: Any = importlib.import_module("twisted.internet.endpoints")
    endpoints.TCP4ServerEndpoint = partial(endpoints.TCP4ServerEndpoint, interface="127.0.0.1")
    s3: Any = importlib.import_module("localstack.services.s3.provider")
    s3.DEFAULT_S3_TMP_DIR = os.environ["REHEARSAL_S3_DIR"]
    _take_bytes_in_uuid5()
    _refuse_strangers()
    aws_stack: Any = importlib.import_module("localstack.utils.aws.aws_stack")
    aws_stack.CACHE_S3_HOSTNAME_DNS_STATUS = False
    importlib.import_module("localstack.runtime.main").main()


def _take_bytes_in_uuid5() -> None:
    """As RFC 9562 has it: the hash of the name space's bytes and the name's, marked as version 5."""
    plain = uuid.uuid5

    def uuid5(namespace: uuid.UUID, name: str | bytes) -> uuid.UUID:
        if isinstance(name, str):
            return plain(namespace, name)
        digest = hashlib.sha1(namespace.bytes + name, usedforsecurity=False).digest()
        return uuid.UUID(bytes=digest[:16], version=5)

    uuid.uuid5 = uuid5


def _refuse_strangers() -> None:
    """Put the check of `callers` before all other handlers of the gateway."""
    allowed = tuple(name for name in os.environ["REHEARSAL_ALLOWED_HOSTS"].split(",") if name)
    callers = _loaded("core", "callers")["Callers"]("127.0.0.1", (*_LOCALSTACKS_OWN, *allowed))

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


def _loaded(folder: str, name: str) -> dict[str, Any]:
    """What a module of the harness defines, which cannot be imported here."""
    return runpy.run_path(str(_HARNESS / folder / f"{name}.py"), run_name=f"rehearsal_{name}")


if __name__ == "__main__":
    main()
