from tests.arenas.pages import *
