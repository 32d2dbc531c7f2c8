"""The CloudWatch metrics of endpoints: `meter` keeps the data, `cloudwatch` publishes them and reads alarms."""
