"""The door of live rooms: WebSockets in one asyncio process, the only sequencer of what is done in a room."""
