"""The command line `deploy`: `main` is the program, the other files are its commands and what they share.

main           the commands deploy (plan, promote), gate and resume; errors become exit codes
bundle, reference, after, undo, replay    the other commands, by what they are for
options, target, session, resume_state    what commands share: options, the cloud meant, the project's session
output, rendering, help                   what people and programs see
"""
