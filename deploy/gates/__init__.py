"""Judges whether a bundle may be promoted. Each gate judges the evidence on its own and gives its reason.

    judged      the input of a gate (GateInput) and its answer (Judged)
    identity, rehearsed, limits     the gates: one function each
    family      has the bundle's model a known answer and a reference, or only the cases of its project?
    registry    GATES: one row a gate, with its name, its condition and whether it may be overridden
    gate        runs them all and applies overrides: verdicts
    wording     formats measurements and ages

A new gate is one function, which takes a GateInput and returns Judged, and one row of GATES. docs/deploying.md lists
them.
"""
