"""Logits to labels: calibration, thresholds, prevalence, and articles from paragraphs."""
