"""The command line `deploy`.

`main` is the program: it names the commands and turns errors into exit codes. A command is the function in the file of
its name below `commands`; it takes `options`, opens a `session` where it is about an endpoint, and writes through
`output`. `program` is what both command lines are made with, this one and the harness's.
"""
