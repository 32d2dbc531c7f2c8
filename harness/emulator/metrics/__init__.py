"""The CloudWatch metrics of endpoints: kept (`meter`), and published to or read from the local cloud (`cloudwatch`)."""
