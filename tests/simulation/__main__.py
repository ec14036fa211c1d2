"""`python -m tests.simulation --people 200 --days 90 --seed 1 --seed 2`"""

import argparse

from tests.simulation.harm import simulate, table

asked = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
asked.add_argument("--people", type=int, default=200)
asked.add_argument("--teams", type=int, default=20)
asked.add_argument("--days", type=int, default=90)
asked.add_argument("--seed", type=int, action="append")
told = asked.parse_args()
print(
    table(
        {
            seed: simulate(seed=seed, people=told.people, teams=told.teams, days=told.days)
            for seed in told.seed or [1, 2, 3]
        }
    )
)
