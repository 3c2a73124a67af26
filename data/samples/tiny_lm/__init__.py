"""Ten architecture switches of a tiny byte-level language model, three seeds."""
