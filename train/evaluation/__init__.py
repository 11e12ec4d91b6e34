"""Scores of models against labels, with intervals and comparisons."""
