from tests.serve.served import *
