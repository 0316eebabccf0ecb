"""The language: words and their roles, numbers, sizes and units."""
