"""Holds an answer against what a `[[case]]` of rehearsal.toml expects of it: a pure function of both.

pointers    RFC 6901: what a JSON pointer names in a document
values      whether a value is the expected one, numbers with a tolerance, and how it differs
schemas     a JSON Schema, read and checked, and what violates it
media       whether a body is what its content type says, and of a type that was asked for
npy         the shape and type of an answer that is one npy array
answers     all of it on one answer: `judge`

`harness validate` judges cases with it. May not: send anything, or fetch what a schema refers to.
"""

from deploy.expectations.answers import judge
from deploy.expectations.schemas import read_schema

__all__ = ["judge", "read_schema"]
