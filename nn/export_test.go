package nn

import (
	"time"

	"github.com/chainrule-go/chainrule/internal/durable"
)

// What tests put in the place of the system.

// SetFiles has c write by files.
func (c *Checkpointing) SetFiles(files durable.FS) { c.dir.files = files }

// SetFiles has d write by files.
func (d *CheckpointDir) SetFiles(files durable.FS) { d.files = files }

// SetClock has c look at a clock.
func (c *Checkpointing) SetClock(now func() time.Time) { c.now = now }
