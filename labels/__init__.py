"""What is predicted, and the examples: schema, guidelines, labelled paragraphs."""
