"""Other tools' files, run as they are."""
