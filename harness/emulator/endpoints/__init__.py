"""The life of an endpoint: `life_cycle` moves it through its states, and `rollout` replaces one deployment by another.

`registry` holds the actors of all endpoints. Nothing here answers operations; `control_plane` does.
"""
