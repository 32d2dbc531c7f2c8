"""What a file shows - pictures, times, size - found out without the handler and without its way of reading.

    files       which of the three kinds a file is
    facts       the noun: what an answer must cover
    arrays      a stack of pictures in an npy file, by its header
    stills      a JPEG or PNG, by Pillow
    videos      a video: its packets become pictures, and pictures become times
    endings     evidence that a file is cut
    container   PyAV: packets, and what only a decoded picture tells. The only module that speaks with it
    packets     which packets are one picture
    codecs/     what the bits of a packet say about that, codec by codec
    shown       the pictures themselves, for the report
    timeline    time stamps become seconds

A video is counted by demuxing: which packets are there, which of them are shown by their own bits, and when. So a
packet that cannot be decoded is a picture that is due, which no decoder could know. Only where bits do not tell is a
decoder asked, packet by packet (`videos` says where). PyAV is of the harness's own environment.
"""

from harness.cases.footage.facts import ClipFacts
from harness.cases.footage.files import facts_of
from harness.cases.footage.shown import pictures_at
from harness.cases.footage.videos import is_damaged

__all__ = ["ClipFacts", "facts_of", "is_damaged", "pictures_at"]
