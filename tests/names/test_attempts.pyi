from tests.training.test_attempts import *
