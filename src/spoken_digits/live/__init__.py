"""Listening: what turns a stream of sound into digits as they are said."""
