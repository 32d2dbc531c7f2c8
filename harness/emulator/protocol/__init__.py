"""AWS's protocols over HTTP: from the bytes of a request to an operation's parameters, and from its answer to bytes.

`http_server` runs the application of `http`, which finds the operation in the table of `operations`; `connections`
bounds what a client may keep open. `json_rpc` and `rest_json` decode and encode by botocore's `service_models`,
`json_body` reads JSON strictly, `validation` checks constraints and, by `values`, what a type can hold; `faults` are
AWS's errors. This package knows no operation by name; the modules that answer operations import it.
"""
