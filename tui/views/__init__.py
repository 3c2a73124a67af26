"""One file a view; `VIEWS` in `registry.py` lists them."""
