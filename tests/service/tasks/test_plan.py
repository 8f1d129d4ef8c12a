from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sqldojo.service.core.task import Split
from sqldojo.service.tasks.databases import DOMAINS
from sqldojo.service.tasks.plan import MOST_ON_A_DATABASE, Plan, shares


def test_every_domain_has_a_database_and_every_training_one_a_drifted_one() -> None:
    sites = Plan().sites()
    trained_on = {domain.database_id for domain in DOMAINS if domain.split is Split.TRAIN}
    assert {site.database_id for site in sites if not site.drifted} == {d.database_id for d in DOMAINS}
    assert {site.database_id for site in sites if site.drifted} == {f"{name}~drift" for name in trained_on}
    assert all((site.split is Split.TEST_DRIFT) == site.drifted for site in sites)
    assert len({(site.domain_id, site.seed) for site in sites}) == len(sites)


def test_training_databases_come_first() -> None:
    splits = [site.split for site in Plan().sites()]
    assert splits == sorted(splits)


def test_many_tasks_get_several_databases_of_a_domain() -> None:
    sites = Plan(explore=2_500, repair=0, drifted=0, domains=("hospital",)).sites()
    assert [site.database_id for site in sites] == ["hospital", "hospital-2", "hospital-3"]
    assert 2_500 / len(sites) <= MOST_ON_A_DATABASE


@given(st.integers(0, 10_000), st.lists(st.sampled_from([0.5, 1.0]), min_size=1, max_size=40))
def test_shares_add_up_and_follow_the_weights(total: int, weights: list[float]) -> None:
    cut = shares(total, weights)
    assert sum(cut) == total
    whole = sum(weights)
    assert all(abs(share - total * weight / whole) <= 1 for share, weight in zip(cut, weights, strict=True))
