"""Where things are said: one module per kind of source; each turns a place's answers into mentions."""
