"""What the stage scripts and the live program share."""
