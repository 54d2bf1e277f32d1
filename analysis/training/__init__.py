"""From labelled texts to the shipped model. Needs the extra `train`; never imported at run time."""
