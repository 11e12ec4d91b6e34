"""Fits the TF-IDF backend."""
