"""One flipped bit in any file of a stored Model is found before it answers anything."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from tidemill.errors import DamagedError, UserError
from tidemill.learning.model import Model
from tidemill.learning.stored import id_of, read_model
from tidemill.results import ModelReference
from tidemill.store import Store, json_bytes

GOLDEN = sorted((Path(__file__).parents[2] / "golden" / "learning").glob("**/models/*/model.json"))


class Flipped(Store):
    """A lake in which one bit of one object reads differently from how it was written."""

    key = ""
    bit = 0

    def read_bytes(self, key: str) -> bytes:
        data = bytearray(super().read_bytes(key))
        if key == self.key:
            data[self.bit // 8 % len(data)] ^= 1 << self.bit % 8
        return bytes(data)


def stored(description: Path) -> tuple[Flipped, ModelReference, list[str]]:
    folder = description.parent
    lake, use_case = folder.parents[2], folder.parents[1].name
    reference = ModelReference(use_case=use_case, id=folder.name, features=1)
    return Flipped(str(lake)), reference, [file.relative_to(lake).as_posix() for file in sorted(folder.iterdir())]


@pytest.mark.parametrize("description", GOLDEN, ids=lambda path: path.parent.name)
@given(data=st.data())
def test_any_flipped_bit_is_found(description: Path, data: st.DataObject) -> None:
    store, reference, files = stored(description)
    assert read_model(store, reference).files
    store.key = data.draw(st.sampled_from(files))
    store.bit = data.draw(st.integers(0, 8 * len(store.read_bytes(store.key)) - 1))
    with pytest.raises(DamagedError, match=r"changed after it was written|has format"):
        Model.load(store, reference)


def test_a_newer_format_is_no_damage(memory: Store) -> None:
    said = {"format": 2, "members": []}
    reference = ModelReference(use_case="toy", id=id_of(said), features=1)
    memory.write_bytes(f"{reference.prefix}/model.json", json_bytes(said))
    with pytest.raises(UserError, match="has format 2; this Tidemill reads up to 1: upgrade it") as told:
        Model.load(memory, reference)
    assert not isinstance(told.value, DamagedError)
