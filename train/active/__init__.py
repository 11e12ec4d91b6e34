"""Labelling with readers and models: the pool, the queue and the command around the app."""
