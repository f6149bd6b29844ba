package data

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNotFound is what errors about a data set that could not be found anywhere
// wrap: it was in none of the directories looked into, and no mirror delivered it
// or downloads were off. A file that is there but damaged is a [*FormatError] or a
// [*ChecksumError] instead.
var ErrNotFound = errors.New("data set not found")

// FormatError says that a file is not what it should be: truncated, overlong or
// malformed.
type FormatError struct {
	File   string // path or name; empty if the reader has none
	Offset int64  // bytes before the fault, counted in the uncompressed content; unused if Line is set
	Line   int    // for text formats: the line of the fault, from 1
	Column int    // for text formats: the column or field of the fault, from 1; 0 for a whole line
	Want   string // what was expected
	Got    string // what was there instead; may be empty
	Err    error  // the underlying error; may be nil
}

// Error names the file, the place, what was expected and what was found.
func (e *FormatError) Error() string {
	var b strings.Builder
	b.WriteString("data: ")
	if e.File != "" {
		b.WriteString(e.File + ": ")
	}
	switch {
	case e.Line > 0 && e.Column > 0:
		fmt.Fprintf(&b, "line %d, column %d", e.Line, e.Column)
	case e.Line > 0:
		fmt.Fprintf(&b, "line %d", e.Line)
	default:
		fmt.Fprintf(&b, "at byte %d", e.Offset)
	}
	b.WriteString(": want " + e.Want)
	if e.Got != "" {
		b.WriteString(", got " + e.Got)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap returns the underlying error, if any.
func (e *FormatError) Unwrap() error { return e.Err }

// ChecksumError says that a file has the size of the one expected but not its content.
type ChecksumError struct {
	File string // path or URL
	Want string // SHA-256 of the expected content, uncompressed, in hexadecimal
	Got  string // SHA-256 of the content found
}

// Error names the file and both sums.
func (e *ChecksumError) Error() string {
	return fmt.Sprintf("data: %s: content differs from the original: want SHA-256 %s, got %s", e.File, e.Want, e.Got)
}

// DownloadError says that no mirror delivered a file. It wraps [ErrNotFound] and
// the errors of the attempts.
type DownloadError struct {
	File     string    // the file wanted
	Attempts []Attempt // one per mirror, in the order tried
}

// Attempt is a download that failed.
type Attempt struct {
	URL string
	Err error
}

// Error names the address and what happened.
func (a *Attempt) Error() string {
	reason := strings.TrimPrefix(a.Err.Error(), "data: ")
	return a.URL + ": " + strings.TrimPrefix(reason, a.URL+": ")
}

// Unwrap returns Err.
func (a *Attempt) Unwrap() error { return a.Err }

// Error lists the attempts.
func (e *DownloadError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "data: cannot download %s", e.File)
	separator := ": "
	for _, a := range e.Attempts {
		b.WriteString(separator + a.Error())
		separator = "; "
	}
	return b.String()
}

// Unwrap returns [ErrNotFound] and the errors of the attempts.
func (e *DownloadError) Unwrap() []error {
	errs := []error{ErrNotFound}
	for _, a := range e.Attempts {
		errs = append(errs, a.Err)
	}
	return errs
}

// ValueError says that values do not fit. Functions of this package panic with it when
// the program misuses them: a negative size, a shape that does not fit. Where it is the
// data that do not fit, labels and examples that differ in number for instance, it is
// returned as an error: filling a batch never panics.
type ValueError struct {
	Op     string // the function, method or type
	Reason string // what was wrong and what was expected
}

// Error names the function and the reason.
func (e *ValueError) Error() string { return fmt.Sprintf("data: %s: %s", e.Op, e.Reason) }

// misuse panics with a [*ValueError].
func misuse(op, format string, args ...any) { panic(mismatch(op, format, args...)) }

// mismatch is a [*ValueError] to be returned.
func mismatch(op, format string, args ...any) error {
	return &ValueError{op, fmt.Sprintf(format, args...)}
}
