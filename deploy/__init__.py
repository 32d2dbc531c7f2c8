"""From a handler and weights to an asynchronous endpoint, and back.

The flow, in order: `config` reads rehearsal.toml into a `Project`; `bundle` packs handler and weights into one
deterministic `model.tar.gz`; `gate` asks the `evidence` of a rehearsal whether that bundle may be promoted; `desired`
and `scaling` say which AWS resources are wanted, `live` what stands, `plan` what would change; `promote` carries it
out and `recording` keeps what was promoted and why. `apply` is the part of it that rehearsals use as well. Every call
that changes something goes through `steps` into a `ledger`, and `destroy` walks the ledger backwards.
Afterwards: `status`, `smoke`, `drift`, `verify`, `rollback`, `logs`, `replay`, `expire`. What proves a record is in
`proof`, what finds a failed request in `replaying`. `aws` holds the only boto3 clients.

The same functions serve the local cloud and AWS. Nothing here imports torch, docker or the harness, or runs a model
other than by a request to the endpoint.
"""
