"""`GET /ping`, the platform's health check, which every serving container answers.

Source: AWS developer guide, "Use your own inference code with hosting services".
"""

from __future__ import annotations

import httpx

PING_TIMEOUT_SECONDS = 2.0


def is_healthy(base_url: str, client: httpx.Client) -> bool:
    try:
        return client.get(f"{base_url}/ping", timeout=PING_TIMEOUT_SECONDS).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
