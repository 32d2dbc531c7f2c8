"""What the steps of a GPU day share.

extent    how much is measured: in full on a GPU, or tiny sizes to prove that every step runs
inputs    the clips, the picture and the weights
record    the result of a step, on disk after every figure
clocks    medians of wall clock and CUDA events, counts of launches and waits
device    the card and the processor in words and numbers
"""
