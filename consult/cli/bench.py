"""`consult bench routing`: how our routing does against the ways it is done elsewhere, on a modelled centre."""

import argparse
import sys
from collections.abc import Sequence
from typing import NamedTuple

from consult.cli.commands import Commands

DAYS, SEEDS, UTILISATIONS = 14, 3, (0.75, 0.86, 0.95)
ASKED_AT, MOST_BREACHES, MOST_TIMES_BOUND = 0.86, 0.5, 1.5


class Line(NamedTuple):
    """A policy at a utilisation, mean over the seeds: emergency breach %, routine p90 minutes, times the bound."""

    policy: str
    utilisation: float
    emergency_breaches: float
    routine_p90_min: float
    times_bound: float


def add_commands(commands: Commands) -> None:
    """`consult bench routing`."""
    bench = commands.add_parser("bench", help="benchmarks on modelled work")
    verbs: Commands = bench.add_subparsers(title="commands", metavar="COMMAND", required=True)
    routing = verbs.add_parser("routing", help="who gets which case: ours against other policies")
    routing.add_argument("--days", type=int, default=DAYS)
    routing.add_argument("--seeds", type=int, default=SEEDS)
    routing.add_argument("--utilisation", type=float, action="append", help=f"default: {UTILISATIONS}")
    routing.set_defaults(run=_routing)


def _routing(asked: argparse.Namespace) -> int:
    """Print the table; 1 when what is asked of ours does not hold at 0.86."""
    try:
        lines = measured(asked.days, asked.seeds, asked.utilisation or UTILISATIONS)
    except LookupError as absent:
        print(absent.args[0], file=sys.stderr)
        return 1
    print(f"{asked.days} days, 18 readers in 3 shifts, {asked.seeds} seeds; SLA 60 min / 4 h / 24 h")
    print(f"{'utilisation':>11}  {'policy':<18} {'emergency breach %':>18} {'routine p90 min':>16} {'x bound':>8}")
    for line in lines:
        print(
            f"{line.utilisation:>11.2f}  {line.policy:<18} {line.emergency_breaches:>18.2f}"
            f" {line.routine_p90_min:>16.0f} {line.times_bound:>8.2f}"
        )
    return 0 if holds(lines) else 1


def measured(days: int, seeds: int, utilisations: Sequence[float]) -> list[Line]:
    """Every policy at each utilisation. Raises LookupError where SciPy is not installed."""
    from consult.cli.bench_centre import Centre
    from consult.cli.bench_policies import linear_sum_assignment, policies
    from consult.domain.routing_policy import ACCEPT_TIMER_S

    linear_sum_assignment()  # better now than after minutes
    lines: list[Line] = []
    for utilisation in utilisations:
        found: list[tuple[str, float, float]] = []
        for make in policies():
            runs = [Centre(make(), seed, days, utilisation, dict(ACCEPT_TIMER_S)).run() for seed in range(1, seeds + 1)]
            breaches = sum(run.emergency_breaches for run in runs) / seeds
            found.append((make().name, breaches, sum(run.routine_p90_min for run in runs) / seeds))
        bound = found[-1][2]
        lines += [Line(name, utilisation, breaches, p90, p90 / bound) for name, breaches, p90 in found]
    return lines


def holds(lines: Sequence[Line]) -> bool:
    """Whether ours keeps what is asked of it, where it was measured."""
    ours = [line for line in lines if line.policy == "ours" and line.utilisation == ASKED_AT]
    return all(e.emergency_breaches <= MOST_BREACHES and e.times_bound <= MOST_TIMES_BOUND for e in ours)
