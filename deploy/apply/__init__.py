"""Every change to AWS: steps with an intent and an outcome in the ledger, under the deployment lock."""
