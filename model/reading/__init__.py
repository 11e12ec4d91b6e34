"""Bytes of a file to an article: its text, its passages and what it says of itself."""
