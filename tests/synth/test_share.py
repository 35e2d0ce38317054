"""Shares: disjoint, together everything, and the same when the folder grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mde.errors import InputError
from synth.share import Share, parse_share


@given(st.integers(0, 50), st.integers(1, 9))
def test_the_shares_are_disjoint_and_together_everything(length, count):
    shares = [Share(number, count).of(range(length)) for number in range(1, count + 1)]
    assert sorted(item for share in shares for item in share) == list(range(length))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 9))
def test_a_folder_that_grows_keeps_its_shares(length, more, count):
    for number in range(1, count + 1):
        before = list(Share(number, count).of(range(length)))
        assert list(Share(number, count).of(range(length + more)))[: len(before)] == before


def test_a_share_is_written_from_one_to_n():
    assert parse_share("2/4") == Share(2, 4)
    assert parse_share("4/4").of("abcdefgh") == "dh"


@pytest.mark.parametrize("text", ["", "2", "2-4", "a/b", "-1/3", "1/2/3", "1/"])
def test_what_names_no_share_is_refused(text):
    with pytest.raises(InputError, match="is not I/N; write it like 2/4"):
        parse_share(text)


@pytest.mark.parametrize("text", ["0/4", "5/4", "1/0", "0/0"])
def test_a_share_beyond_the_last_or_before_the_first_is_refused(text):
    with pytest.raises(InputError, match="the first is 1/N, the last N/N"):
        parse_share(text)
