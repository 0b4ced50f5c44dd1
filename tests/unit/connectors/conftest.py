"""An API that misbehaves as it is told, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from tests.misbehaving import Api, api


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server of this folder, and one authority to trust: reading them all takes longer than a test."""
    whole = Path(certifi.where()).read_text(encoding="utf-8")
    one = tmp_path_factory.mktemp("trust") / "one.pem"
    one.write_text(whole.partition("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, api() as served:
        patch.setenv("SSL_CERT_FILE", str(one))
        yield served


@pytest.fixture
def fresh(server: Api) -> None:
    server.asked.clear()
