"""Pictures of what was found: frames of the media with boxes, labels and masks, and the animation of a case."""
