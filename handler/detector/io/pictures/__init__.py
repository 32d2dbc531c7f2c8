"""The outer structure of picture files, read without decoding them: where they end, and whether they are whole.

    jpeg          markers and segments; one picture, or a stream of them (Motion JPEG)
    png           chunks and their checksums

Imports nothing. `io.images`, `io.media` and `io.video` import the modules.
"""
