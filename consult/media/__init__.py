"""The door of sound and picture: asyncio and aiortc, no Flask, no database."""
