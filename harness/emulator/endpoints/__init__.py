"""The life of an endpoint: its states (`life_cycle`), changes of deployment (`rollout`), and the registry of all of
them.
"""
