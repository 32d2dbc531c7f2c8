"""Signs what others must be able to check: keys, envelopes, and the in-toto statements in them.

keys           reads the keys that sign, and those that are trusted
keygen         makes a pair of keys
machine_key    this machine's own key, made on first use
evidence_keys  which key signs evidence, and whose evidence is trusted
dsse           DSSE envelopes: sealed, opened, and why their signatures prove nothing
statement      the parts of an in-toto statement, and how two of them differ

Evidence and releases are signed with it. May not: know what a statement is about, or where envelopes are kept.
"""
