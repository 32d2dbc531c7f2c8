"""What the headers of streams say, read without decoding, for OpenCV, which does not tell. Imports nothing of ours.

    streams       fields, mirroring in an MP4, and a transport stream that has lost its step
    colours       a wide gamut, HDR, and unusual matrices

`io.video.capture` imports the modules.
"""
