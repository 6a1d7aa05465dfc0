"""Lyrics from a pile of texts: words that come again and again, a picture of them, what a model writes of them."""
