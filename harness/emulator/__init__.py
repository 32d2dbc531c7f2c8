"""The emulator: SageMaker's asynchronous and real-time inference endpoints behind AWS's own HTTP interface.

An asynchronous invocation passes through these packages, in this order:

    protocol          `http` reads a request and finds its row in the table of `operations`; `json_rpc` or `rest_json`
                      decodes it by botocore's service model and `validation` checks it against the same model
    runtime           `invoke_async` stores the job and answers 202; `invoke` answers real-time requests
    async_inference   `engine` assigns a queued job (`jobs`) to a free slot; `worker` fetches the input from S3 and
                      calls the container; `delivery` stores the object in S3 and publishes the message to SNS
    instances         `fleet` starts, pings and replaces the instances of a variant; `container` sends one request
    metrics           `meter` keeps the data; `monitoring` samples backlog and utilisation and publishes everything

An endpoint's state passes through these:

    control_plane     answers Create, Describe, Update, Delete and List; writes the desired state to the `store`
    endpoints         `life_cycle` moves each endpoint through its states; `rollout` replaces its deployment
    scaling           answers Application Auto Scaling, reads alarms and changes the capacity of variants
    logs              answers CloudWatch Logs from the log files of the instances

`context` holds what all of them share: settings, clock, account and catalog. `housekeeping` removes old jobs and logs.
`app` wires these parts together, `server` runs them with threads and a port, and `__main__` is the program. None of the
parts sleeps, and only `protocol.http_server` has a thread.

To add an AWS operation: write a method from `Parameters` to a `Document` in the class of its resource (in
`control_plane`, `runtime`, `scaling.api` or `logs.api`) and list it in that class's `operations()`. Decoding, routing
and validation follow from botocore's model. Enter a new class in the `OperationTable` of `app`.

The emulator knows no model server: instances come from the `Runtime` of `harness.serving.instances.runtime`, which
`instances.runtimes` opens.
"""
