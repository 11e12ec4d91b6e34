"""Many articles at once: all cores, outputs that survive a crash, formats that people use."""
