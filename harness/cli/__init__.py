"""The command line `harness`.

`main` is the program: it names the commands and turns errors into exit codes. A command is the function in the file of
its name below `commands`; it takes `options` (and those of `deploy.cli.options`), calls the room that does the work,
and writes through `output`.
"""
