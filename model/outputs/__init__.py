"""Every way out: the record of an article, and the formats that hold it."""
