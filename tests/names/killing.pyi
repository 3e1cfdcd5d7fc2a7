from tests.training.killing import *
