"""Makes every change to AWS: steps with an intent and an outcome in the ledger, under the deployment lock.

`apply` is the part of a promotion that rehearsals use as well. `steps` makes each change and `ledger` notes it;
`ledger_copies` joins the ledgers of several machines, `lock` keeps other deployments out. `storage`, `endpoint` and
`ensure_monitoring` create, adopt or update their resources from what `plan.observe` saw.
"""
