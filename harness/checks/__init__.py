"""Judgements on answers and bundles. A check returns findings; it has passed when none of them is an error.

answer          what every answer must satisfy, whatever the model
pairing         two answers to one clip, object by object
known_answer/   an answer against the truth of its clip, with the likely cause of a mistake
parity/         the bundle's handler against torchvision, with the same weights on the same frames
"""
