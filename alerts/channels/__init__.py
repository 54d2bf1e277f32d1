"""One module per way to tell a contact."""
