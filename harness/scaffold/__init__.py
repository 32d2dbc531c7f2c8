"""Scaffold: the files a project starts with, for `harness init`.

Flow: `starting` chooses. `looking` says what a folder holds, as `seen` values, with the functions of each file by
`functions`. `beside_handler`, with `model_data` and `first_case`, and `examples`, with `taken_along`, say which files
are wanted, as a `Plan`; their texts come from `project_text` and `workflow`. `planned` writes a plan, whole or not at
all.

No handler is imported or run: only its syntax is read.
"""

from harness.scaffold.examples import Example, examples, fetch, fetches
from harness.scaffold.planned import Plan, Written, write
from harness.scaffold.starting import Options, plan

__all__ = ["Example", "Options", "Plan", "Written", "examples", "fetch", "fetches", "plan", "write"]
