"""Labelling paragraphs in the terminal: the screens, and the file of decisions behind them.

The app knows nothing of models and readers: it asks a `Queue` what to show next. The command that
gives it one is in `train.labelling`.
"""
