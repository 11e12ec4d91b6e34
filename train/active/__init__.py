"""Active labelling: the pool, the queue that learns, and the commands that open the app."""
