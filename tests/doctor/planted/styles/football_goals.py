# Poisson model for football goals. Every team has an attack and a defence,
# whoever plays at home gets a bit extra. No numpy needed.
#
#   python football_goals.py results.csv      (home,away,goals_home,goals_away,weeks_ago)
import csv
import math
import sys

FADE = 0.97      # a result counts 3% less every week
RIDGE = 0.15     # pulls attack and defence to the average team


def read(filename):
    games = []
    with open(filename) as f:
        for row in csv.DictReader(f):
            games.append((row["home"], row["away"], int(row["goals_home"]),
                          int(row["goals_away"]), float(row["weeks_ago"])))
    return games


def new_league(games):
    league = {"common": {"base": 0.0, "home": 0.1}, "teams": {}}
    for g in games:
        for team in g[:2]:
            league["teams"].setdefault(team, {"attack": 0.0, "defence": 0.0})
    return league


def expect(league, home, away):
    """Expected goals of both."""
    c = league["common"]
    h, a = league["teams"][home], league["teams"][away]
    home_goals = math.exp(c["base"] + c["home"] + h["attack"] - a["defence"])
    away_goals = math.exp(c["base"] + a["attack"] - h["defence"])
    return home_goals, away_goals


def badness(league, games):
    # minus log likelihood (without the log of the factorials) plus ridge
    total = 0.0
    for home, away, goals_h, goals_a, weeks in games:
        exp_h, exp_a = expect(league, home, away)
        minus_log = exp_h - goals_h * math.log(exp_h) + exp_a - goals_a * math.log(exp_a)
        total += FADE ** weeks * minus_log
    for team in league["teams"].values():
        total += 0.5 * RIDGE * (team["attack"] ** 2 + team["defence"] ** 2)
    return total


def improve(league, games, rate=0.05):
    slope = {"base": 0.0, "home": 0.0}
    slopes = {team: {"attack": 0.0, "defence": 0.0} for team in league["teams"]}
    for home, away, goals_h, goals_a, weeks in games:
        exp_h, exp_a = expect(league, home, away)
        weight = FADE ** weeks
        over_h = weight * (exp_h - goals_h)
        over_a = weight * (exp_a - goals_a)
        slope["base"] += over_h + over_a
        slope["home"] += over_h
        slopes[home]["attack"] += over_h
        slopes[home]["defence"] -= over_a
        slopes[away]["attack"] += over_a
        slopes[away]["defence"] -= over_h
    for name, team in league["teams"].items():
        for part in ("attack", "defence"):
            total = slopes[name][part] + RIDGE * team[part]
            team[part] -= rate * total
    for part in slope:
        league["common"][part] -= rate * slope[part]
    return badness(league, games)


if __name__ == "__main__":
    games = read(sys.argv[1])
    league = new_league(games)
    last = float("inf")
    while True:
        now = improve(league, games, rate=0.5 / len(games))
        if last - now < 1e-7:
            break
        last = now
    for name, t in sorted(league["teams"].items(), key=lambda item: -item[1]["attack"]):
        print("%-20s %+.2f %+.2f" % (name, t["attack"], t["defence"]))
