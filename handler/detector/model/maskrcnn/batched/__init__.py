"""Is the forward of a whole batch at once, in which nothing waits for the device before the last result.

boxes        decodes, clips and measures boxes
suppression  drops the boxes that a better one covers, for many groups at once
proposals    turns the RPN head's output into each picture's proposals
selection    turns the box head's output into each picture's detections

torchvision goes through the pictures of a batch one by one, and asks the device for the number of boxes after every
step. Here every step has the same shape for every input, so that a GPU gets all of its work in one go, or as one graph.
The answers are torchvision's; where that cannot be told, the result says so, and the caller takes torchvision's way.
"""
