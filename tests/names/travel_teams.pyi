from tests.agents.travel_booking.travel_teams import *
