"""What lasts is made with the garbage collector at rest, which is put back to work afterwards."""

import gc

import pytest

from deploy.replaying.aside import aside


def test_the_collector_rests_while_something_is_made_and_leaves_it_alone_until_the_end() -> None:
    with aside(lambda: [gc.isenabled()]) as made:
        assert made == [False]
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert not any(one is made for one in gc.get_objects())
    assert gc.get_freeze_count() == 0


def test_the_collector_works_again_where_nothing_could_be_made() -> None:
    def fail() -> None:
        raise ValueError("no watch")

    with pytest.raises(ValueError, match="no watch"), aside(fail):
        pass
    assert gc.isenabled()


def test_a_collector_that_was_at_rest_stays_so() -> None:
    gc.disable()
    try:
        with aside(list[int]):
            assert not gc.isenabled()
    finally:
        gc.enable()
