"""The steps of a GPU day, in order of value.

    table          names, time bounds and columns, in the order in which they run
    child          the process of one step
    facts          card, processor, bandwidth and matrix rate
    pairs          whole requests against the reference
    forward        the network by batch size and precision, its launches and waits, its floor
    answers        equality with torchvision's own forward on this device
    marked_tests   the tests marked `gpu`
    waterfall      the time of each part of a forward
    single         one picture's latency; decoding alone
    levers         settings of the handler, one at a time
    memory         the largest batch under a cap; fresh starts; a small card and four cores

A step is a function of a record, the inputs and the extent. It writes a row as soon as it knows one.
"""
