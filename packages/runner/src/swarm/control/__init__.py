"""The decisions of a run, pure: what happens comes in as arguments, what is to be done goes out as values."""
