"""Judgements on answers and bundles. A check returns findings; it has passed when none of them is an error.

answer          what every answer must satisfy, whatever the model
masks           whether a mask is one, and how two overlap
pairing         two answers to one clip, object by object
known_answer/   an answer against the truth of its clip, with the likely cause of a mistake
golden/         an answer against the one that was recorded
parity/         the bundle's handler against torchvision, with the same weights on the same frames
"""
