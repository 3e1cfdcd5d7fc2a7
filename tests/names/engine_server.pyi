from tests.training.engine_server import *
