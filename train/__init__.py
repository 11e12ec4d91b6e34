"""Fits, calibrates, evaluates and tracks models; needs the extra `train`."""
