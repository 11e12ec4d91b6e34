"""The screens of the labelling app, made with Textual."""
