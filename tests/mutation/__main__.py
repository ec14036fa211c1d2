"""`python -m tests.mutation [words]`: do the tests notice when the engine is broken?"""

import sys

from tests.mutation.run import main

sys.exit(main(sys.argv[1:]))
