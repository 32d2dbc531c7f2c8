"""Is the command line `deploy`.

`main` is the program: it lists the commands and turns errors into exit codes. A command is the function in the file of
its name below `commands`; it takes `options`, opens a `session` where it is about an endpoint, and writes through
`output`. `program` turns functions into commands, for this command line and the harness's.
"""
