"""Formats of files from anyone, read and written safely: JSON, TOML, CSV, Markdown, Parquet."""
