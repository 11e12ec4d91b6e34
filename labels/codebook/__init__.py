"""Checks schemas, writes them, and makes new ones from questions."""
