"""What a run can be asked afterwards: machine and versions, instances, the emulator's timings, the handler's stage
lines.
"""
