from tests.training.test_credit import *
