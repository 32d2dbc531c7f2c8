"""An accepted invocation to its outcome: the queue (`jobs`), the work (`engine`), delivery and notifications."""
