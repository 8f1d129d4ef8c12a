from __future__ import annotations

import grpc
import pytest

from sqldojo.client import DojoError
from sqldojo.client.retry import Backoff, may_retry, wait_for


def test_waits_grow_to_a_bound_and_end():
    waits = list(Backoff(tries=8, first=1.0, factor=2.0, longest=10.0).waits())
    bounds = [1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]
    assert len(waits) == len(bounds)
    assert all(bound / 2 <= wait <= bound for wait, bound in zip(waits, bounds, strict=True))


@pytest.mark.parametrize(("hint", "waited"), [(None, 0.5), (0.1, 0.5), (2.0, 2.0), (3600.0, 30.0)])
def test_the_service_may_ask_for_a_longer_wait_within_bounds(hint, waited):
    assert wait_for(DojoError("full", grpc.StatusCode.RESOURCE_EXHAUSTED, retry_after=hint), 0.5) == waited


def test_only_what_may_do_better_later_is_tried_again():
    again = {code for code in grpc.StatusCode if may_retry(DojoError("no", code))}
    assert again == {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
    }
    assert may_retry(DojoError("full", grpc.StatusCode.RESOURCE_EXHAUSTED, retry_after=1.0))
