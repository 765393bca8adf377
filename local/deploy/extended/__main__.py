"""ministack, and what it leaves out of AWS that the template is about. Runs in place of
ministack's own program."""

import capacity
import conditions
import events
import filters
import metrics
import reports
from ministack import app

for part in (conditions, events, metrics, capacity, reports, filters):
    part.install()
app.main()
