"""Sends requests to real-time endpoints: `client` calls InvokeEndpoint and returns the outcome as `async_client` would.

The judgement of an outcome is the same for both modes.
"""

from deploy.realtime_client.client import MAX_BODY_BYTES, RealtimeClient

__all__ = ["MAX_BODY_BYTES", "RealtimeClient"]
