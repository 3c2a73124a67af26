"""The runs: reading, copying and naming them. Nothing here knows what is asked of them."""
