"""The instances of a variant (`fleet`), what runs them (`runtimes`), one request to one (`container`), the platform's
log.
"""
