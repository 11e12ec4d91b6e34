"""The audit: labels that look wrong, and annotators who drift."""
