"""Users of other protocols, each with the library that its users know; none is imported before it is asked for.

A module needs the extra of its name (`pip install 'swarm-runner[mqtt]'`) and says so where that is missing.
"""
