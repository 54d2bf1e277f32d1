"""`python -m service.cli` is `earshot`."""

from service.cli.main import main

main()
