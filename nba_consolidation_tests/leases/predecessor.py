"""The lock that this project replaces: its Firestore protocol, with Google's client.

A transaction reads the document, and sets it unless `expires_at` is later than the client's own clock. A client that
does not get the lock polls every five seconds. A release deletes the document unconditionally. There is no renewal and
no token.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from google.cloud import firestore

POLL = 5.0


@dataclass
class PredecessorLock:
    """One holder of the lock `key`; `now` is its own clock."""

    client: firestore.Client
    key: str
    holder_id: str
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    ttl: float = 300.0

    @property
    def _document(self) -> firestore.DocumentReference:
        lock_type = self.key.rpartition("_")[0]
        return self.client.collection(f"{lock_type}_locks").document(self.key)

    def try_acquire(self) -> bool:
        """Whether this holder has the lock now."""
        document = self._document

        @firestore.transactional
        def get_and_set(transaction: firestore.Transaction) -> bool:
            current = document.get(transaction=transaction)
            if current.exists and current.get("expires_at") > self.now():
                return False
            transaction.set(document, self._fields())
            return True

        return bool(get_and_set(self.client.transaction(max_attempts=50)))

    def acquire(self) -> None:
        while not self.try_acquire():
            self.sleep(POLL)

    def release(self) -> None:
        self._document.delete()

    def _fields(self) -> dict[str, object]:
        return {
            "operation_id": f"batch-{self.holder_id}",
            "holder_id": self.holder_id,
            "lock_type": self.key.rpartition("_")[0],
            "lock_key": self.key,
            "acquired_at": self.now(),
            "expires_at": self.now() + timedelta(seconds=self.ttl),
        }
