"""Golden answers: what an endpoint answered once, kept beside the case to be compared with.

golden      the noun: the answer, the request that it answers, and what answered
kinds       what an answer is compared as, by its content type
contents    what an answer holds: a JSON value, a text, or bytes
arrays      the arrays in an npy answer
pictures    the pixels of a picture
layout      JSON as text with a stable order and short lines, so that two versions compare well in git
document    a golden as the text of its file, schema `rehearsal.golden/1`
files       goldens on disk: a JSON file, and for binary answers a second one with the body

An answer is kept as what it holds and not as its bytes: an answer in JSON is in the file as JSON, so that a change is
a diff that can be read. The package compares nothing; `harness.checks.golden` does.
"""

from harness.goldens.contents import NotOfKindError, content_of
from harness.goldens.files import default_path, is_there, read, slug, write
from harness.goldens.golden import MOST_BYTES, Golden, Kind, Model, Recorded, Sent
from harness.goldens.kinds import kind_of
from harness.goldens.layout import laid_out

__all__ = [
    "MOST_BYTES",
    "Golden",
    "Kind",
    "Model",
    "NotOfKindError",
    "Recorded",
    "Sent",
    "content_of",
    "default_path",
    "is_there",
    "kind_of",
    "laid_out",
    "read",
    "slug",
    "write",
]
