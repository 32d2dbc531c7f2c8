"""The command line `harness`.

`main` is the program: it names the commands and turns errors into exit codes. A command is the function in the file of
its name below `commands`. It takes its arguments from `options` and `deploy.cli.options`, calls the package that does
the work, and writes through `output`.
"""
