"""Scripted Werewolf players: ``crowd`` follows accusations, ``bayes`` keeps a posterior over the roles."""
