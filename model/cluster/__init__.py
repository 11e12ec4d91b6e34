"""Batches on a Ray cluster; nothing else imports this folder but the command."""
