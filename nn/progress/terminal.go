package progress

import (
	"io"
	"os"
	"runtime"

	"golang.org/x/term"
)

// defaultColumn is the width of a terminal that does not say how wide it is.
const defaultColumn = 80

// Terminal is what the device behind a writer can do. The zero Terminal is none: a file,
// a pipe, or something that shows text only.
type Terminal struct {
	Live    bool       // lines can be drawn over
	Color   bool       // and be coloured
	Columns func() int // the present width; nil means 80
}

// TerminalOf finds out what w can do, with the environment that getenv gives, such as
// os.Getenv. Only a terminal is drawn on, and only one that understands more than text,
// which the older one of Windows and one with TERM=dumb do not; NO_COLOR
// (https://no-color.org) takes the colours away.
func TerminalOf(w io.Writer, getenv func(string) string) Terminal {
	file, ok := w.(*os.File)
	textOnly := getenv("TERM") == "dumb" || runtime.GOOS == "windows" && getenv("WT_SESSION") == ""
	if !ok || textOnly || !term.IsTerminal(int(file.Fd())) {
		return Terminal{}
	}
	return Terminal{Live: true, Color: getenv("NO_COLOR") == "", Columns: func() int {
		if columns, _, err := term.GetSize(int(file.Fd())); err == nil && columns > 0 {
			return columns
		}
		return defaultColumn
	}}
}

func (t Terminal) columns() int {
	if t.Columns == nil {
		return defaultColumn
	}
	return t.Columns()
}
