"""Measures the handler against a reference, and the emulator against limits.

    clips         clips made by PyAV, with known lengths and groups of pictures
    contestants/  what is measured: the handler, and a plain handler that does every step the obvious way, the
                  denominator of every ratio, each in a worker process; `sameness` says whether answers are equal
    pairs         drives two workers alternately, and compares their times
    decoding      the clips and intervals that decoding is measured with, and the table of results
    context       describes the software and the image in every record
    in_container  runs the same suites in a container image, by container/: `python -m benchmarks.in_container IMAGE`
    gpu_day/      measures everything that a GPU can show, in one visit of minutes: `python -m benchmarks.gpu_day`

May import every room; only tests import this one.
"""
