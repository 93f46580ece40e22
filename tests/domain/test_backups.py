"""All backups of the last day stay, then one a day, then one a month; the newest always stays."""

from datetime import UTC, datetime, timedelta

from consult.domain.backups import late, outlived

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_backups_are_thinned_by_their_age() -> None:
    every_hour = [NOW - timedelta(hours=n) for n in range(24 * 500)]
    gone = outlived(every_hour, NOW)
    stay = sorted(set(every_hour) - gone, reverse=True)
    assert stay[:25] == every_hour[:25]
    days = [at for at in stay if timedelta(days=1) < NOW - at <= timedelta(days=35)]
    assert 32 <= len(days) <= 35
    assert {at.hour for at in days[1:]} == {23}, "the last of each day"
    months = [at for at in stay if NOW - at > timedelta(days=40)]
    assert [f"{at:%Y-%m}" for at in months] == [f"2026-{n:02}" for n in range(9, 0, -1)] + [
        "2025-12",
        "2025-11",
        "2025-10",
    ]
    assert outlived(stay, NOW) == set()


def test_the_newest_stays_however_old_it_is() -> None:
    old = [NOW - timedelta(days=n) for n in (2000, 3000)]
    assert outlived(old, NOW) == {old[1]}
    assert outlived([], NOW) == set()


def test_a_backup_is_late_after_a_day_and_two_hours() -> None:
    assert late(None, NOW)
    assert late(NOW - timedelta(hours=27), NOW)
    assert not late(NOW - timedelta(hours=25), NOW)
