"""Writes for people and programs: `rendering` makes texts, `printing` writes them, `confirmation` asks for a yes."""

from deploy.cli.output.confirmation import require_yes
from deploy.cli.output.printing import downloading, error, note, result, step

__all__ = ["downloading", "error", "note", "require_yes", "result", "step"]
