"""A Firestore double as a process of its own: prints its address and serves until it is ended."""

import argparse

from nba_consolidation_tests.firestore_double.server import FirestoreDouble

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--port", type=int, default=0, help="0: any that is free")
with FirestoreDouble(parser.parse_args().port, on_demand=True) as double:
    print(double.address, flush=True)
    double.wait_for_termination()
