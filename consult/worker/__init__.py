"""Behind the doors: the relay of facts and the tick of deadlines."""
