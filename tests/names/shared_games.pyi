from tests.shared_games import *
