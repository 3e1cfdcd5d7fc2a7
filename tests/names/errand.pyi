from tests.leaderboards.errand import *
