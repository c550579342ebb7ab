"""The command line of Swarm; empty, so that its first import is `swarm`, which patches the process."""
