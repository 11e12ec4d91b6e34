"""Everything of MLflow: its store, runs, promotion, and what is served."""
