from examples.textarena_games.textarena_games import *
