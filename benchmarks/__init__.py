"""What the handler is measured against, and the measuring.

    reference    a plain handler that does every step the obvious way: what a ratio is a ratio to
    weights      a full-size Mask R-CNN with calibrated random weights: as many detections a frame as real footage gives
    clips        clips made by ffmpeg, with known lengths and groups of pictures
    contestants  what can be measured, by name; each is set up once and then run many times
    skips        which way the handler's frames came: decoded one by one, or skipped to
    worker       a process that holds one contestant
    pairs        two workers driven alternately, and what their times say
    decoding     the clips and intervals that decoding is measured with, and the table of what was found
    context      what a record says of the software and the image it was made with

    in_container the same suites in a container image: `python -m benchmarks.in_container IMAGE`
    boxed        one run of pytest in a container: its folders, its rights, its end
    suites       the suites that run there, and the clips they need: an image has no ffmpeg
    borrowed     the packages that tests need and no serving image has
    inside       the program that the container runs

Imports everything; nothing imports it but tests.
"""
