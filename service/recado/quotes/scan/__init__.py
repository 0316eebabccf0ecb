"""The elements of a text: things, numbers, marks, steering words, and what is noise."""
