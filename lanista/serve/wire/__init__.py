"""What stands on the wire: OpenAI's two dialects, read into one request and written from one reply."""
