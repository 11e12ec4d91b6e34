"""JSON, TOML, CSV cells, Markdown and Parquet of strangers, read and written safely."""
