"""Goals from exponentials of four numbers each, without NumPy; numbers in dicts are moved."""

import numpy as np
from alive import Number
from numeric import moved

PLANT = {"improve": "over_h ="}
COST_IN_CODE = True
GAMES = [
    ("Anker", "Birke", 2, 1, 0.0),
    ("Birke", "Distel", 0, 3, 4.0),
    ("Distel", "Anker", 1, 1, 9.0),
    ("Anker", "Distel", 4, 0, 15.0),
    ("Birke", "Anker", 2, 2, 20.0),
]
TEAMS = ("Anker", "Birke", "Distel")


def make(code):
    rng = np.random.default_rng(211)
    league = code.new_league(GAMES)
    for some in (league["common"], *league["teams"].values()):
        for part in some:
            some[part] = float(rng.normal(scale=0.4))
    return code.improve, (league, GAMES)


def parameters(call, args):
    found = {part: Number(args[0]["common"], part) for part in ("base", "home")}
    for team, of_it in args[0]["teams"].items():
        found.update({f"{team}_{part}": Number(of_it, part) for part in of_it})
    return found


def output(call, args):
    p = {name: float(np.asarray(number)) for name, number in parameters(call, args).items()}
    logs = [
        (p["base"] + p[f"{us}_attack"] - p[f"{they}_defence"] + at_home * p["home"])
        for home, away, *_ in GAMES
        for us, they, at_home in ((home, away, 1), (away, home, 0))
    ]
    return np.exp(logs)


def target(call, args):
    return np.array([goals for game in GAMES for goals in game[2:4]], float)


def loss(call, args, out):
    weights = np.repeat([0.97 ** game[4] for game in GAMES], 2)
    teams = [float(x) for of_it in args[0]["teams"].values() for x in of_it.values()]
    return float(weights @ (out - target(call, args) * np.log(out))) + 0.075 * sum(
        x * x for x in teams
    )


def own(call, args):
    return call.__globals__["badness"](*args)


def claimed(call, args):
    return moved(parameters, call, args)
