"""A folder for a program's PYTHONPATH, of which Python imports one file as it starts.

sitecustomize   botocore's clients get the local address where a program names one of AWS
"""
