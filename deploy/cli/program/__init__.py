"""Makes a command line of functions and their files, for `deploy` and `harness`.

The flow of a call: `group` makes the program from `Section`s, which only name commands; the first word picks one, and
`sections` imports the file of that command; `signature` turns the arguments of its function into options. `version` is
the option `--version`; `running` runs a program to its exit code; `stopping` turns signals into interrupts, which
unwind, and `documents` prints what was asked for in JSON.
May not: name any command, or import one that is not called.
"""

from deploy.cli.program.group import group
from deploy.cli.program.running import run
from deploy.cli.program.sections import LazyCommand, Section, refuse_strayed
from deploy.cli.program.version import VersionOption

__all__ = ["LazyCommand", "Section", "VersionOption", "group", "refuse_strayed", "run"]
