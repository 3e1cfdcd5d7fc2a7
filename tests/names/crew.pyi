from tests.training.crew import *
