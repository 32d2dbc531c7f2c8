"""What all stacks and runtimes share: the platform's ping, where an instance is placed, and what a log tells of a load.

ping        `GET /ping` as the platform asks it
placement   folders, ports and programs that a runtime gives, and the command that a stack answers with
logs        the values that a log dialect returns
"""
