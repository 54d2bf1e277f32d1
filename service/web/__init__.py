"""The dashboard: pages made on the server, small scripts that keep them fresh."""
