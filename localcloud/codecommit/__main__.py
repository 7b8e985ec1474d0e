"""``python -m localcloud.codecommit``: what a repository's hooks run."""

import sys

from localcloud.codecommit.git_hook import main

sys.exit(main(sys.argv[1:]))
