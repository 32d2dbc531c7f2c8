"""Brings a handler and its weights to an asynchronous endpoint, and takes them back.

The flow, in order: `config` reads rehearsal.toml into a `Project`; `bundle` packs handler and weights into one
deterministic `model.tar.gz`; `gates` judges by the `evidence` of a rehearsal whether that bundle may be promoted;
`resources` derives the AWS resources that are wanted; `plan` observes what exists and lists what would change; `apply`
makes every change, with a line in the ledger before and after it; `promote` has the flow that ships a release, and the
flows that take it back: rollback, destroy, expire; `releases` records what was promoted and why, signed where there is
a key.

Beside the flow: `pricing` estimates what an endpoint costs, `failed_requests` fetches a request that failed in the
cloud, `async_client` sends requests, `aws` makes the only boto3 clients, `core` has the primitives, `cli` the commands.
`data` holds dated tables of facts, `terraform` the foundation: bucket, topics, roles.

The same functions serve the local cloud and AWS. Nothing here imports torch, docker or the harness, or runs a model
other than by a request to the endpoint.
"""
