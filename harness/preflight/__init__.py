"""Preflight: what can be said of a model archive, or of the folder it is packed from, before anything is started.

Flow: `subject` lists what is there without unpacking it; `rules` judges the listing, a rule a module, all of them in
`rules.registry`; `check` runs every rule and returns the findings.

The package knows no model, runs no handler, imports no torch and starts nothing.
"""

from harness.preflight.checking import check
from harness.preflight.rules.registry import RULES, rule
from harness.preflight.rules.rule import Rule

__all__ = ["RULES", "Rule", "check", "rule"]
