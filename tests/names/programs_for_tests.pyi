from tests.serve.programs_for_tests import *
