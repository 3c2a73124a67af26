"""What a notebook would show, over runs."""
