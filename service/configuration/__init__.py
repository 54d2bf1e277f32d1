"""`earshot.toml`: read it, plan what would change, make it so, write it."""
