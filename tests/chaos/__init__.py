"""Kills the program's processes and its database while posts arrive, and counts what came of it."""
