"""Reports, plots and model cards from the scores of an evaluation."""
