"""What the handler is measured against, and the measuring.

    reference    a plain handler that does every step the obvious way: what a ratio is a ratio to
    weights      a full-size Mask R-CNN with calibrated random weights: as many detections a frame as real footage gives
    clips        clips made by ffmpeg, with known lengths and groups of pictures
    contestants  what can be measured, by name; each is set up once and then run many times
    worker       a process that holds one contestant
    pairs        two workers driven alternately, and what their times say

Imports everything; nothing imports it but tests.
"""
