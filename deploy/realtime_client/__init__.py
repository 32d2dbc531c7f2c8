"""Sends requests to real-time endpoints: `client` calls InvokeEndpoint and returns the outcome as `async_client` would.

So whoever judges an outcome need not know how the endpoint is invoked.
"""

from deploy.realtime_client.client import MAX_BODY_BYTES, RealtimeClient

__all__ = ["MAX_BODY_BYTES", "RealtimeClient"]
