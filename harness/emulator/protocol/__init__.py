"""AWS's protocols: botocore's service models, bytes to parameters and back (`wire`), validation, faults."""
