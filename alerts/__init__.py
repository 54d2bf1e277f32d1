"""What someone should hear about: rules, incidents, and the channels that tell people."""
