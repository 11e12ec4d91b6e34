"""The system around the program: paths, processes, signals, language, terminal."""
