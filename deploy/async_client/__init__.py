"""Sends requests to asynchronous endpoints: upload, submit, wait, and the outcome as a value.

`submit` uploads the input and queues the request; `wait` polls for the output or the failure object; `outcomes` are the
possible results; `content_types` finds a file's content type. `sent` defines the note beside each input, by which a
failure object leads back to its request. `client` does all of this for one endpoint, as tests and benchmarks need it,
and takes the endpoint's notification from an `inbox` where it has one.
"""

from deploy.async_client.client import AsyncClient
from deploy.async_client.content_types import content_type_of
from deploy.async_client.inbox import Inbox, Notification, TopicName, open_inbox
from deploy.async_client.outcomes import Completed, Failed, Outcome, Submitted, Unanswered
from deploy.async_client.submit import Destination, Request, submit
from deploy.async_client.wait import wait_for

__all__ = [
    "AsyncClient",
    "Completed",
    "Destination",
    "Failed",
    "Inbox",
    "Notification",
    "Outcome",
    "Request",
    "Submitted",
    "TopicName",
    "Unanswered",
    "content_type_of",
    "open_inbox",
    "submit",
    "wait_for",
]
