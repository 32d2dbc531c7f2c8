"""From a handler and weights to an asynchronous endpoint, and back.

The flow, in order: `config` reads rehearsal.toml into a `Project`; `bundle` packs handler and weights into one
deterministic `model.tar.gz`; `desired` says which AWS resources that project and bundle mean; `apply` creates or adopts
them and writes every step into a `ledger`; `destroy` walks the ledger backwards. `aws` holds the only boto3 clients.

The same functions serve the local cloud and AWS. Nothing here invokes a model or imports torch, docker or the harness.
"""
