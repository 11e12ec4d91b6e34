"""Labelled paragraphs to and from the files of other tools."""
