"""Run by the Python of drizzlepac: AstroDrizzle once for each request.

The one argument is a JSON list of {"folder", "files", "output", "parameters"}:
the folder holds copies of the files, which AstroDrizzle changes.
"""

import json
import logging
import os
import sys
import warnings
from pathlib import Path

from drizzlepac import astrodrizzle

warnings.simplefilter("ignore")


def main(path):
    for request in json.loads(Path(path).read_text()):
        os.chdir(request["folder"])
        astrodrizzle.AstroDrizzle(
            request["files"],
            output=request["output"],
            updatewcs=False,
            clean=False,
            preserve=False,
            build=True,
            num_cores=1,
            in_memory=False,
            **request["parameters"],
        )
        logging.shutdown()


main(sys.argv[1])
