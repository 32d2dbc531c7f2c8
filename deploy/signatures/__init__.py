"""Signs what others must be able to check: keys, envelopes, and the in-toto statements in them.

keys        reads the keys that sign, and those that are trusted
keygen      makes a pair of keys
dsse        DSSE envelopes: sealed, opened, and why their signatures prove nothing

Releases are signed with it. May not: know what a statement is about, or where envelopes are kept.
"""
