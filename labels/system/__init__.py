"""The machine around us: paths, processes, signals, the terminal."""
