"""The script of a message: the steps that it makes in a conversation."""
