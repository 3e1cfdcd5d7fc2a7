from tests.agents.travel_booking.travel_cases import *
