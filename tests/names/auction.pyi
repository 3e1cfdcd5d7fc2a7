from tests.arenas.auction import *
