"""Archives in bulk: taken in whole, spooled to disk, imported block by block, and remembered in the transaction that stores them."""
