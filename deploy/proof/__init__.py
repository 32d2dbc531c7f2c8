"""What a release record can be proven with: `deploy verify` and `deploy rollback` ask.

`statements` says the record as in-toto does, `signing` puts it into envelopes, `keys` are whose, `provenance` keeps
them beside the record and checks them against it.
"""
