"""The local cloud: S3, SNS, SQS, STS, IAM and CloudWatch at one address.

local_cloud       the seam `LocalCloud`, and the choice between its kinds
localstack        LocalStack as a process
install           the Python environment of that process
localstack_main   the program of that process
compose           LocalStack as a container
clients           boto3 clients that never reach AWS
"""
