"""``python -m svmcore.cli``: the ``svm`` command where it is not on the path."""

import sys

from svmcore.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
