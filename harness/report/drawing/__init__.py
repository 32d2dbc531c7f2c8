"""Pictures of the detections of a case.

clip        chooses the frames of the media and decodes them
pictures    draws boxes, labels and masks on one frame
colours     gives every label its colour
gif         encodes drawn frames as an animation
"""
