"""The flows that change what serves: promote, rollback, destroy, expire; and what proves them: smoke test, record,
verification.
"""
