"""The trio shell around the core, kept thin: sockets, batches, timers, the control socket, the
log."""
