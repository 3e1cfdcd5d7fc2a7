from tests.arenas.text_to_sql.sql_bank import *
