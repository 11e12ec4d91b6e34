"""What each line of a text is: body, heading or boilerplate."""
