"""The harness rehearses: it runs the deploy code against a local AWS, sends requests, judges the answers, reports.

    validate    the flow of one run
      cases       what is sent                          clips     what a file holds
      local_aws   the local cloud and the emulator      cloud/, sagemaker/, serving/
      submit      one request to its outcome            inbox     the notifications
      judging     outcome -> evidence                   checks/
      report/     evidence -> files people read

Imports deploy; meets the handler only through the endpoint, as production does.
"""
