"""Prepares a promotion on this machine: settings, policies, costs, keys, bundles, gates."""
