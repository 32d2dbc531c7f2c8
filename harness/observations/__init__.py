"""Observations of a run, for its evidence.

circumstances   the machine and the versions of the packages
instances       the instances of an endpoint, as the emulator reports them
phases          the phases of a request, as the emulator timed them
stage_log       the stages of a request, as the handler logged them
"""
