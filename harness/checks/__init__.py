"""Judgements on answers and artifacts. A check returns findings; without an error among them it has passed.

answer          what every answer must satisfy, whatever the model
known_answer/   an answer against the truth of its clip, with the likely cause of what is wrong
parity/         the bundle's handler against torchvision, with the same weights on the same frames
"""
