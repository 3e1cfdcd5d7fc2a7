"""The machinery that every arena shares: contract, registry, referee, records, views, laws, chance.

Nothing here knows a game. An arena needs ``contract`` (what it is made of), ``chance`` (keyed draws) and, where replies
are calls or speech, ``tools`` and ``speech``; its tests need ``conformance``. ``lanista.arenas`` exports the names most
used.
"""
