"""The harness rehearses: it runs the deploy code against a local AWS, sends requests, judges the answers, reports.

    preflight/          static rules: a folder or an archive in, findings out; starts nothing
    rehearsal/          the flow of `harness validate`: bundle, local AWS, deploy, cases, checks, report
      local_environment/  local cloud and emulator together, and the clients of an endpoint
        local_cloud/        S3, SNS, SQS ...: LocalStack or any address
        emulator/           SageMaker, before `serving/`: which stack is served, and how it runs
      cases/              what is sent and what must come back
      checks/             judgements on answers: findings
      report/             the evidence as files that people read
    bench/  replay/     the other two flows, on a local AWS of their own
    doctor/             what a rehearsal needs of this machine
    samples/            how the known answer was made
    observations/       what a run can be asked afterwards
    core/  processes/  docker/   primitives
    cli/  pytest_plugin          the commands, and a fixture for users' own tests

Imports deploy; meets the handler only through the endpoint, as production does.
"""
