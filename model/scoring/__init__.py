"""Texts to logits: features, the two kinds of scorer, and the evidence for their scores."""
