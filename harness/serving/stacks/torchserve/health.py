"""Whether TorchServe has loaded the model, which its `/ping` does not tell: that is 200 before."""

from __future__ import annotations

import httpx

from harness.serving.stacks.contract.ping import PING_TIMEOUT_SECONDS, is_healthy

# The toolkit's name for the one model of a container.
_MODEL_NAME = "model"


def is_loaded(base_url: str, client: httpx.Client) -> bool:
    """Whether a worker holds the model; of a server without the management API, whether it is healthy."""
    try:
        answer = client.get(f"{base_url}/models/{_MODEL_NAME}", timeout=PING_TIMEOUT_SECONDS)
    except httpx.HTTPError:
        return False
    if answer.status_code != httpx.codes.OK:
        return is_healthy(base_url, client)
    return any(worker["status"] == "READY" for version in answer.json() for worker in version["workers"])
