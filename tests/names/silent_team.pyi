from tests.agents.travel_booking.silent_team import *
