"""The acts that a script comes to in a conversation, given its lines and questions."""
