"""Finds the input that a failure object is about: by the client's note, else by the data-log.

AWS links the two only in the notification. The data-log names the InferenceId beside the answer's text, which helps
where inputs are named by it. May not: guess between two requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile

from pydantic import ValidationError

from deploy.async_client.sent import Sent, note_url
from deploy.aws import Clients, aws_errors, logs, s3
from deploy.aws.logs import Line
from deploy.core.errors import AwsRefused, ConfigurationError
from deploy.failed_requests.clues import Clues, Places

_SAID = re.compile(
    r"\[(?P<id>[^\]]+)\] Received (?:client|server) error \(\d+\) from primary with message \"(?P<text>.*)"
)
_AROUND = timedelta(minutes=2)
_COMPARED_CHARACTERS = 200
# Below the input prefix, `deploy` puts inputs into the first two; others may use any, named by the InferenceId.
_FOLDERS = ("requests/", "smoke/", "")
_HELP = (
    "Give the input yourself with --input s3://... (or a file), or the SNS message of this failure with --notification"
)


def with_input(clients: Clients, places: Places, clues: Clues) -> tuple[Clues, tuple[str, ...]]:
    """Add the input to the clues, and tell what is uncertain about it. Raises ConfigurationError when none is found."""
    if clues.input is not None:
        return clues, ()
    if clues.failure_url is None:
        raise ConfigurationError(
            f"{clues.source} names no input: the request carried it inline, and then it is kept nowhere. {_HELP}"
        )
    note = _note(clients, places, clues.failure_url)
    if note is not None:
        return replace(clues, input=note.input_url, inference_id=note.inference_id), ()
    return _by_data_log(clients, places, clues)


def _note(clients: Clients, places: Places, failure_url: str) -> Sent | None:
    url = note_url(places.input_url, failure_url)
    found = s3.fetch(clients, url)
    if found is None:
        return None
    try:
        return Sent.model_validate_json(found[0])
    except ValidationError as error:
        raise ConfigurationError(f"{url} is not a note of this version: {error}. {_HELP}") from error


def _by_data_log(clients: Clients, places: Places, clues: Clues) -> tuple[Clues, tuple[str, ...]]:
    if clues.at is None:
        raise ConfigurationError(f"{clues.source} says neither its input nor when it failed. {_HELP}")
    try:
        named = sorted(set(_inference_ids(clients, places, clues, clues.at)))
    except (AwsRefused, ConfigurationError) as error:
        raise ConfigurationError(
            f"nothing says which input {clues.failure_url} is about: no sender noted it, and the data-log cannot be "
            f"asked ({error}). {_HELP}"
        ) from error
    if len(named) != 1:
        said = f"the data-log names {len(named)} requests that may be meant ({', '.join(named) or 'none'})"
        raise ConfigurationError(
            f"nothing says which input {clues.failure_url} is about: no sender noted it, and {said}. {_HELP}"
        )
    found = [url for folder in _FOLDERS for url in _inputs(clients, f"{places.input_url}/{folder}{named[0]}")]
    if len(found) != 1:
        raise ConfigurationError(
            f"{clues.failure_url} is about request {named[0]}, says the data-log, but {len(found)} inputs below "
            f"{places.input_url}/ begin with that name. {_HELP}"
        )
    doubt = f"the input was found by the data-log: request {named[0]} was answered with this text at that time"
    return replace(clues, input=found[0], inference_id=named[0]), (doubt,)


def _inference_ids(clients: Clients, places: Places, clues: Clues, at: datetime) -> Iterator[str]:
    text = (clues.failure_body or b"").decode("utf-8", "replace").strip()[:_COMPARED_CHARACTERS]
    lines = logs.logs(clients, places.endpoint_name, since=at - _AROUND, pattern='"Received" "error"')
    for line in takewhile(lambda line: line.at <= at + _AROUND, lines):
        said = _matched(line)
        if said is not None and text and said["text"].startswith(text.splitlines()[0]):
            yield said["id"]


def _matched(line: Line) -> re.Match[str] | None:
    return _SAID.search(line.text) if line.stream.endswith("/data-log") else None


def _inputs(clients: Clients, beginning: str) -> Iterator[str]:
    bucket, prefix = s3.split(beginning)
    with aws_errors(f"looking for inputs that begin with {beginning}"):
        for page in clients.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from (f"s3://{bucket}/{each['Key']}" for each in page.get("Contents", []))
