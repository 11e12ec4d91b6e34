"""Text in, tags out: reads articles, scores their paragraphs, says why."""
