"""Batches on a Ray cluster; `batch.dispatch` alone imports this folder, inside a function."""
