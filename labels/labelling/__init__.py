"""Labelling paragraphs in the terminal: the screens, and the file of decisions behind them.

The app knows neither models nor readers: it asks a `Queue` what to show next. The commands that
give it one are in `train.active`.
"""
