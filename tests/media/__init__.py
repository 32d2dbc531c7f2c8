"""Every kind of clip and picture that people send, against what ffmpeg, ffprobe and Pillow make of it.

marks       pictures that a machine can read: a number and eight colours, in sixteen cells
rows        the noun of the table of clips: how one is made, and what must come of it
clips       the table of clips, by kind
damage      the table of damaged clips
pictures    the table of pictures
truth       makes a row's file, and asks ffmpeg what is in it
reading     what the handler makes of a file; also as a child process, for another OpenCV
"""
