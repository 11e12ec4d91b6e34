"""The inputs of a command: files, folders, patterns, lists and tables, as documents."""
