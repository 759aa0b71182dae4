"""Google's own Firestore client at an emulator or at the double, for tests that need more than the protocol."""

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore


def googles_client(address: str, project: str, database: str) -> firestore.Client:
    anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", address)  # it knows no other way
        return firestore.Client(project=project, database=database, credentials=anonymous)
