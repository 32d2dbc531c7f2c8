"""The primitives of the harness. They import nothing else of it.

errors      the error tree and the exit codes
state       folders on this machine, and the process environment
callers     whose requests a server of ours answers
top_level   the files of the repository's top level, in a checkout and in a wheel
progress    what a person sees on stderr
"""
