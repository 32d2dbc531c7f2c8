"""What people and programs see: `printing` writes it, `rendering` says how it reads, `confirmation` asks for a yes."""

from deploy.cli.output.confirmation import require_yes
from deploy.cli.output.printing import downloading, error, note, result, step

__all__ = ["downloading", "error", "note", "require_yes", "result", "step"]
