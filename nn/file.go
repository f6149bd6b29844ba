package nn

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/chainrule-go/chainrule/internal/durable"
)

// replaceFile writes a file beside path and renames it to path when it is complete.
// Errors name the file that was asked for, whatever links lead to.
func replaceFile(files durable.FS, path string, write func(w io.Writer) error) error {
	if err := durable.Replace(files, path, write); err != nil {
		return fmt.Errorf("nn: %s was not written: %w", path, err)
	}
	return nil
}

// withFile calls read with an open file and puts its name into errors.
func withFile(path string, read func(r io.Reader) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("nn: %w", err)
	}
	defer file.Close()
	return nameFile(read(file), path)
}

// nameFile puts the name of a file into errors that have none.
func nameFile(err error, path string) error {
	var format *FormatError
	var mismatch *MismatchError
	switch {
	case errors.As(err, &format) && format.File == "":
		format.File = path
	case errors.As(err, &mismatch) && mismatch.File == "":
		mismatch.File = path
	}
	return err
}
