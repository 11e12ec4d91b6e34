"""Schemas checked, written and made from questions."""
