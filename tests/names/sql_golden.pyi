from tests.arenas.text_to_sql.sql_golden import *
