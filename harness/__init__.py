"""The harness rehearses: it runs the deploy code against a local AWS, sends requests, judges the answers, reports.

A rehearsal goes through these packages in this order:

    preflight/          static rules: a folder or an archive in, findings out; starts nothing
    rehearsal/          the flow of `harness validate`: bundle, local AWS, deploy, cases, checks, report
      local_environment/  the local cloud and the emulator together, and the clients of an endpoint
        local_cloud/        S3, SNS, SQS and other services: LocalStack, or any address
        emulator/           SageMaker's control plane and runtime
          serving/            the model container behind an endpoint: which stack is served, and how it runs
      cases/              what is sent and what must come back
      checks/             judgements on the answers, as findings
      observations/       what a run used and did: machine, instances, request phases, the handler's log
      report/             the evidence as files that people read

Beside it:

    bench/  replay/     the two other flows, each on a local AWS of its own
    doctor/             checks of this machine
    samples/            the makers of the known answer
    core/  processes/  docker/   primitives
    cli/  pytest_plugin          the commands, and a fixture for users' own tests

The harness imports deploy. It reaches the handler only through the endpoint, as production does.
"""
