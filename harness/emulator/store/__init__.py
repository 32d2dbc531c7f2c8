"""What has been created, as rows of one SQLite file (`store`): the catalog, deployments, update plans; bodies in the
spool.
"""
