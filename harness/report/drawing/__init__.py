"""Pictures of what was found.

clip        which frames of the media are shown, and their decoding
pictures    boxes, labels and masks on one frame
colours     one colour a label
gif         drawn frames as an animation
"""
