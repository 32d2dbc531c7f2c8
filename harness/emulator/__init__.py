"""The emulator: asynchronous (and real-time) inference endpoints behind AWS's own HTTP faces.

The flow of one asynchronous invocation, and the module that owns each step:

    faces       `http` takes the request; `wire` turns it into an operation and its parameters by botocore's service
                models; `validation` checks those against the same models
                `faces` calls the function that answers it
    accepting   `submission` writes a row (`jobs`, in `store`'s SQLite file) and answers 202
    working     `engine` claims a row for a free slot of a `fleet`, fetches the input (`cloud`), asks the `container`,
                and writes the outcome down before anything leaves the house
    settling    `delivery` puts the object (`cloud`), publishes the message (`notifications`), notes the `metrics`

and of an endpoint: `models`, `configs`, `control` and `tags` write what is wanted (`catalog`); `endpoints` moves each
endpoint through its states, one `step` at a time, changes of deployment through `rollout`; `scaling` moves capacities.
`logs` tells what containers and platform wrote; `housekeeping` removes what is old.
None of these has a thread or sleeps; `assembly` puts them together, `service` gives them threads and a port.

The emulator may not know serving stacks or Docker: instances come from `harness.serving.instances.runtime` alone.
"""
