"""Prepares pictures for a network on its device, from the planes of a decoder, with the host's own arithmetic.

    planar     planes to the pictures that the network is given: converted, turned, scaled
    colours    planes to RGB, as FFmpeg's libswscale converts them
    area       RGB scaled down, as OpenCV's INTER_AREA does
    pinned     host memory from which a GPU takes a batch by itself

All but `pinned` are tensor operations alone, from the bytes on the device on: none waits for the device, so they can be
captured in a CUDA graph once they have run for a size, which makes their tables. Nothing is imported here.
"""
