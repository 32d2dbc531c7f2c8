"""Judges whether a bundle may be promoted. Each gate looks at the evidence on its own and says why.

    evidence    reading: files -> Evidence, and what was measured in it
    judged      what a gate is given (GateInput) and what it answers
    identity, rehearsed, limits     the gates: one function each
    registry    GATES: one row a gate, with its name, when it opens and whether it may be overridden
    gate        asks them all and applies overrides: verdicts
    wording     how measurements and ages read

A new gate is one function, which takes a GateInput and returns Judged, and one row of GATES. docs/deploying.md lists
them.
"""
