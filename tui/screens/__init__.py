"""The dialogs that open over the screen, one a file."""
