"""All rules, in the order of their numbers."""

from __future__ import annotations

from harness.core.errors import ConfigurationError
from harness.preflight.rules import r101_layout
from harness.preflight.rules.rule import Rule

RULES: tuple[Rule, ...] = (r101_layout.RULE,)


def rule(rule_id: str) -> Rule:
    """Raises ConfigurationError for a number that no rule has."""
    found = next((each for each in RULES if each.id == rule_id.upper()), None)
    if found is None:
        raise ConfigurationError(f"there is no rule {rule_id}; there are: {', '.join(each.id for each in RULES)}")
    return found
