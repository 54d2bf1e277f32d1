"""The stages of a mention's way: collect, analyse (with its alerts), deliver, maintain. Each may die at any moment."""
