"""What makes functions and their files a command line; `deploy` and `harness` are both made of it.

The flow of a call: `group` makes the program from `Section`s, which only name commands; the first word picks one, and
`sections` imports the file of that command; `signature` turns the arguments of its function into options. `version` is
the option `--version`.
May not: know any command, or import one that was not asked for.
"""

from deploy.cli.program.exit_codes import INTERRUPTED
from deploy.cli.program.group import group
from deploy.cli.program.sections import LazyCommand, Section, refuse_strayed
from deploy.cli.program.version import VersionOption

__all__ = ["INTERRUPTED", "LazyCommand", "Section", "VersionOption", "group", "refuse_strayed"]
