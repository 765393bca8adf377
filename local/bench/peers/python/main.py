"""Runs the function that _HANDLER names with Lambda's runtime interface client."""

import os
import sys

from awslambdaric.__main__ import main

main([sys.argv[0], os.environ["_HANDLER"].replace("-", "_") + ".handler"])
