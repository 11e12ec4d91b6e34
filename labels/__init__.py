"""What is predicted and the examples for it: schema, guidelines, labelled paragraphs."""
