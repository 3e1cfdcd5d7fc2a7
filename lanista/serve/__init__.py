"""What others reach us by: the OpenAI-compatible gateway, programs in seats, seats over the network."""
