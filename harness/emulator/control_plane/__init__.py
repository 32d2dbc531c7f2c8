"""SageMaker's control plane: `models`, `endpoint_configs`, `endpoints` and `tags` answer their resource's operations.

They write the desired state; the package `endpoints` brings it about. `describing` builds DescribeEndpoint's answer,
and `listing` holds the rules of all List operations.
"""
