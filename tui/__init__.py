"""The faces: the command line, the screen and the pictures."""
