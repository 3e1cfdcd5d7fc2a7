from tests.agents.support_desk.desk_habits import *
