"""Measures the handler against a reference, and the emulator against limits.

    reference    a plain handler that does every step the obvious way: the denominator of every ratio
    weights      a full-size Mask R-CNN with calibrated random weights, which finds as many objects as in real footage
    clips        clips made by ffmpeg, with known lengths and groups of pictures
    contestants  what can be measured, by name; each is set up once and then run many times. `reference_side` and
                 `handler_side` set them up
    skips        observes whether the handler decoded its frames one by one, or skipped to them
    worker       a process that holds one contestant
    pairs        drives two workers alternately, and compares their times
    decoding     the clips and intervals that decoding is measured with, and the table of results
    context      describes the software and the image in every record

    in_container runs the same suites in a container image: `python -m benchmarks.in_container IMAGE`
    boxed        one run of pytest in a container: its folders, its rights, its end
    suites       the suites that run there, and the clips they need: an image has no ffmpeg
    borrowed     the packages that tests need and no serving image has
    inside       the program that the container runs

May import every room; only tests import this one.
"""
