"""Google's high-level Firestore client, connected to an emulator or to the double."""

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore


def google_client(address: str, project: str, database: str) -> firestore.Client:
    anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", address)  # the client has no other option
        return firestore.Client(project=project, database=database, credentials=anonymous)
