"""Training the network. loop.py is the whole of it; each part that it calls has a module here."""
