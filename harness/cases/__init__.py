"""What is sent and what must come back: the cases of a rehearsal, in their order."""

from harness.cases.cases import (
    KNOWN_ANSWER,
    Case,
    KnownAnswer,
    of_bad_input,
    of_known_answer,
    of_recovery,
    of_users_clips,
    open_known_answer,
)

__all__ = [
    "KNOWN_ANSWER",
    "Case",
    "KnownAnswer",
    "of_bad_input",
    "of_known_answer",
    "of_recovery",
    "of_users_clips",
    "open_known_answer",
]
