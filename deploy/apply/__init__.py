"""Every change to AWS: steps with an intent and an outcome in the ledger, under the deployment lock.

`apply` is the part of a promotion that rehearsals use as well. `steps` is how each change is made, `ledger` what was
done, `ledger_copies` that of several machines, `lock` keeps others out. `storage`, `endpoint` and `ensure_monitoring`
create, adopt or update their resources from what `plan.observe` saw.
"""
