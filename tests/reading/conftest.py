"""The cases are programs that are read, and hold no tests."""

collect_ignore_glob = ["cases/*"]
