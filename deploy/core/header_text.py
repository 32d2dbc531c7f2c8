"""The text of HTTP headers that is not ASCII: UTF-8, as boto3 and the AWS SDKs write it.

botocore writes the text of a header as UTF-8. Readers that follow RFC 9110 (5.5) byte for byte, `http.client` and so
botocore among them, take every byte of an answer for a Latin-1 character.
"""

from __future__ import annotations


def read(raw: bytes) -> str:
    """The text of a header's bytes; Latin-1 where they are no UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def written(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def reread(text: str) -> str:
    """The text of a header that `http.client` has read."""
    try:
        return read(text.encode("latin-1"))
    except UnicodeEncodeError:  # it was read as something else already
        return text
