"""What the characters and words of many texts are, counted at once."""
