"""What a run can be asked afterwards.

circumstances   the machine and the versions          instances   what the emulator says of an endpoint's instances
phases          the emulator's time on a request      stage_log   the handler's own lines in the container's log
"""
