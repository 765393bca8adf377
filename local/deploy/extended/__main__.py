"""ministack, and what it leaves out of AWS that the template is about. Runs in place of
ministack's own program."""

import capacity
import conditions
import metrics
from ministack import app

conditions.install()
metrics.install()
capacity.install()
app.main()
