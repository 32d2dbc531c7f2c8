"""Measures the handler on a GPU in one visit: `python -m benchmarks.gpu_day --out FOLDER`.

    command      the command line: steps in order of value, each bounded and resumable
    processes    runs a step in a process of its own, ends it with its time, and keeps what it had measured
    prepare      makes what the GPU machine lacks, where there is a network and ffmpeg
    day          the file of a day: all steps with card, date and commit
    drawn        the figures on 80 columns
    measuring/   what the steps share: extent, inputs, clocks, records
    steps/       one module a step, and the table of them

A GPU is there for minutes only, so the most valuable figure comes first, and every figure is on disk as soon as it is
known. Needs only the repository, torch, torchvision, numpy, OpenCV and the prepared folder.
"""
