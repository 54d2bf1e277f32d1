"""One module per kind of rule; `registry.py` names them."""
