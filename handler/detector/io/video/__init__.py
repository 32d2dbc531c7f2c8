"""A video's bytes become a `Clip`. Imports `core`, `io.pictures` and `speed.pictures`.

    opening       chooses between the two decoders, and says why a video cannot be read
    sampling      the sampled frames by PyAV, whatever fails to decode; H.264 is skipped through by a plan of `gops`
    exact         packet by packet: names what fails, and keeps places and times; `clock` makes seconds of time stamps
    decoder       PyAV itself: files, packets, the decoder
    pixels        of a decoded picture: in RGB, or its planes, and how it is turned when shown
    colour_match  which of our conversions of planes is FFmpeg's
    capture       OpenCV, where PyAV is not installed
    tracks        what a container says of its streams: encrypted, several; `mpegts` reads transport streams for it
    headers/      what a stream's headers say of fields, mirroring and colours: for `capture`
    containers    what a video file says of its own length
    storage       a body as a file without a name

`io.media` imports `open_video`.
"""

from detector.io.video.opening import open_video

__all__ = ["open_video"]
