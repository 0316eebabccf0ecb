"""The catalogue: products, and the names by which a text may mean them."""
