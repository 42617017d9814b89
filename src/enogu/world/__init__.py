"""The drawn world: characters drawn by code from tags, and the training of `mini` on them."""
