"""The labelling app's screens, made with Textual."""
