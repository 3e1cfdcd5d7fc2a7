from tests.training.workbench import *
