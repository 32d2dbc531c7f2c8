"""Filter patterns for unstructured events: terms, quoted phrases, `?term` (any of these) and `-term` (none of these).

Source: "Filter pattern syntax" in the CloudWatch Logs user guide. Matching is case-sensitive. A term matches anywhere
in the message, also within a word; the guide says no more than "contain".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.emulator.protocol.faults import AwsFault

Matches = Callable[[str], bool]
_TERM = re.compile(r'\s*(?P<mark>[?-]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>[\w.:/@#=,;*+-]+))(?=\s|$)')
_ESCAPED = re.compile(r"\\(.)")
_OTHER_SYNTAXES = {"{": "JSON", "[": "space-delimited", "%": "regular expression"}


@dataclass
class _Terms:
    all_of: list[str] = field(default_factory=list)
    any_of: list[str] = field(default_factory=list)
    none_of: list[str] = field(default_factory=list)

    def match(self, message: str) -> bool:
        return (
            all(term in message for term in self.all_of)
            and not any(term in message for term in self.none_of)
            and (not self.any_of or any(term in message for term in self.any_of))
        )


def matcher(pattern: str) -> Matches:
    """Raises AwsFault (InvalidParameterException) for a pattern of another kind."""
    terms = _Terms()
    lists = {"": terms.all_of, "?": terms.any_of, "-": terms.none_of}
    position = 0
    while pattern[position:].strip():
        found = _TERM.match(pattern, position)
        if found is None:
            raise _invalid(pattern)
        phrase = found["phrase"]
        lists[found["mark"]].append(found["word"] if phrase is None else _ESCAPED.sub(r"\1", phrase))
        position = found.end()
    if terms.any_of and (terms.all_of or terms.none_of):
        terms.any_of.clear()  # "If you combine ? with other terms, the ? is ignored"
    return terms.match


def _invalid(pattern: str) -> AwsFault:
    """AWS's message is the first sentence alone."""
    kind = _OTHER_SYNTAXES.get(pattern.strip()[:1])
    why = f"{kind} patterns are not emulated" if kind else 'put terms with other characters into double quotes: "a(b"'
    return AwsFault("InvalidParameterException", f"Invalid filter pattern. ({why}.)")
