"""`python -m sqldojo.cli`: the same as the command `sqldojo`."""

from . import main

main()
