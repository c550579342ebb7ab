"""`python -m swarm_cli` is `swarm-cli`."""

from swarm_cli.main import main

main()
