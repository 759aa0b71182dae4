"""Runs a Firestore double in its own process: prints its address and serves until it is stopped."""

import argparse

from nba_consolidation_tests.firestore_double.server import FirestoreDouble

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--port", type=int, default=0, help="0: any free port")
with FirestoreDouble(parser.parse_args().port, on_demand=True) as double:
    print(double.address, flush=True)
    double.wait_for_termination()
