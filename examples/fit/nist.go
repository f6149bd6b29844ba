package main

import (
	"bufio"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// The files of the Statistical Reference Datasets for nonlinear regression of the National
// Institute of Standards and Technology, https://www.itl.nist.gov/div898/strd: a work of the
// United States government, in the public domain.
//
//go:embed nist/*.dat
var files embed.FS

// problem is one of NIST's: data, two points to start from, and what the best parameters are.
type problem struct {
	name, difficulty string
	y                []float64
	x                [][]float64 // by predictor
	starts           [2][]float64
	certified        []float64 // parameters
	deviations       []float64 // their standard deviations
	sumOfSquares     float64
}

// readProblems reads all problems, in the order of their names.
func readProblems() ([]*problem, error) {
	names, err := fs.Glob(files, "nist/*.dat")
	if err != nil {
		return nil, err
	}
	var problems []*problem
	for _, name := range names {
		file, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		p := &problem{name: strings.TrimSuffix(path.Base(name), ".dat")}
		if err := p.parse(string(file)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		problems = append(problems, p)
	}
	return problems, nil
}

// What a file's lines are told by: the places of data, a parameter with starting points,
// certified value and standard deviation, the sum of squares.
var (
	dataLines    = regexp.MustCompile(`Data +\(lines (\d+) to +(\d+)\)`)
	parameter    = regexp.MustCompile(`^ *b\d+ = +(\S+) +(\S+) +(\S+) +(\S+)`)
	sumOfSquares = regexp.MustCompile(`^Residual Sum of Squares: +(\S+)`)
	difficulty   = regexp.MustCompile(`^ +(\w+) Level of Difficulty`)
)

func (p *problem) parse(text string) error {
	first, last, number := 0, 0, 0
	for scanner := bufio.NewScanner(strings.NewReader(text)); scanner.Scan(); {
		line := scanner.Text()
		number++
		switch {
		case first > 0 && number >= first && number <= last:
			values, err := floats(strings.Fields(line))
			if err != nil || len(values) < 2 || p.x != nil && len(values) != len(p.x)+1 {
				return fmt.Errorf("line %d: expected a response and predictors, got %q", number, line)
			}
			p.y = append(p.y, values[0])
			if p.x == nil {
				p.x = make([][]float64, len(values)-1)
			}
			for i, value := range values[1:] {
				p.x[i] = append(p.x[i], value)
			}
		case dataLines.MatchString(line):
			lines, err := floats(dataLines.FindStringSubmatch(line)[1:])
			if err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
			first, last = int(lines[0]), int(lines[1])
		case parameter.MatchString(line):
			values, err := floats(parameter.FindStringSubmatch(line)[1:])
			if err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
			p.starts[0], p.starts[1] = append(p.starts[0], values[0]), append(p.starts[1], values[1])
			p.certified, p.deviations = append(p.certified, values[2]), append(p.deviations, values[3])
		case sumOfSquares.MatchString(line):
			values, err := floats(sumOfSquares.FindStringSubmatch(line)[1:])
			if err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
			p.sumOfSquares = values[0]
		case difficulty.MatchString(line):
			p.difficulty = strings.ToLower(difficulty.FindStringSubmatch(line)[1])
		}
	}
	if len(p.y) == 0 || len(p.certified) == 0 || p.sumOfSquares == 0 {
		return fmt.Errorf("%d lines without data, parameters or sum of squares", number)
	}
	return nil
}

func floats(fields []string) ([]float64, error) {
	values := make([]float64, len(fields))
	for i, field := range fields {
		var err error
		if values[i], err = strconv.ParseFloat(field, 64); err != nil {
			return nil, err
		}
	}
	return values, nil
}
