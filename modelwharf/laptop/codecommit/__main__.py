"""``python -m modelwharf.laptop.codecommit``: the program of a repository's hooks."""

import sys

from modelwharf.laptop.codecommit.git_hook import main

sys.exit(main(sys.argv[1:]))
