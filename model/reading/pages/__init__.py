"""Saved web pages and Markdown files: their blocks of text, and what they state of themselves."""
