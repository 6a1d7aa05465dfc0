"""Work in threads whose results come in order."""

import itertools
import threading
import time

import pytest
from coverloop.core.parallel import in_order


def test_results_come_in_the_order_of_the_items_whatever_takes_long():
    def work(number: int) -> int:
        time.sleep(0.02 if number % 3 == 0 else 0)
        return number * number

    assert list(in_order(work, range(20))) == [number * number for number in range(20)]
    assert list(in_order(work, [])) == []


def test_an_endless_source_is_read_no_further_than_told():
    source = itertools.count()
    assert list(itertools.islice(in_order(str, source, ahead=3), 5)) == ["0", "1", "2", "3", "4"]
    assert next(source) <= 5 + 3 + 1


def test_what_was_not_begun_is_dropped_when_the_caller_stops():
    begun: list[int] = []
    hold = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number:
            hold.wait(10)
        return number

    results = in_order(work, range(1000), ahead=500)
    assert next(results) == 0
    threading.Timer(0.1, hold.set).start()
    results.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert len(begun) < 100
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]


def test_a_failure_comes_where_its_result_would():
    results = in_order(lambda number: 12 // number, [3, 2, 0, 1])
    assert [next(results), next(results)] == [4, 6]
    with pytest.raises(ZeroDivisionError):
        next(results)
