"""Fine-tunes encoders; needs the extra `camembert`."""
