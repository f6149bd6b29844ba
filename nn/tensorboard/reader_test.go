package tensorboard_test

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// What follows reads event files as their specification has it, by the numbers of fields
// alone: it shares nothing with what writes them.

// message is the fields of a protocol buffer by number: uint64 for integers, []byte for
// texts and messages, float32 and float64.
type message map[protowire.Number][]any

func parse(t *testing.T, text []byte) message {
	t.Helper()
	m := message{}
	for len(text) > 0 {
		number, kind, n := protowire.ConsumeTag(text)
		if n < 0 {
			t.Fatalf("a tag: %v", protowire.ParseError(n))
		}
		text = text[n:]
		var value any
		switch kind {
		case protowire.VarintType:
			value, n = wrap(protowire.ConsumeVarint(text))
		case protowire.BytesType:
			value, n = wrap(protowire.ConsumeBytes(text))
		case protowire.Fixed64Type:
			var bits uint64
			bits, n = protowire.ConsumeFixed64(text)
			value = math.Float64frombits(bits)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(text)
			value = math.Float32frombits(bits)
		default:
			t.Fatalf("field %d has wire type %d", number, kind)
		}
		if n < 0 {
			t.Fatalf("field %d: %v", number, protowire.ParseError(n))
		}
		text = text[n:]
		m[number] = append(m[number], value)
	}
	return m
}

func wrap[T any](value T, n int) (any, int) { return value, n }

// message is the one in a field, empty if there is none.
func (m message) message(t *testing.T, number protowire.Number) message {
	t.Helper()
	if len(m[number]) == 0 {
		return message{}
	}
	return parse(t, m[number][0].([]byte))
}

func (m message) messages(t *testing.T, number protowire.Number) []message {
	t.Helper()
	var all []message
	for _, text := range m[number] {
		all = append(all, parse(t, text.([]byte)))
	}
	return all
}

func (m message) text(number protowire.Number) string {
	if len(m[number]) == 0 {
		return ""
	}
	return string(m[number][0].([]byte))
}

func (m message) integer(number protowire.Number) int64 {
	if len(m[number]) == 0 {
		return 0
	}
	return int64(m[number][0].(uint64))
}

func (m message) double(number protowire.Number) float64 {
	if len(m[number]) == 0 {
		return 0
	}
	return m[number][0].(float64)
}

// doubles are packed ones.
func (m message) doubles(number protowire.Number) []float64 {
	var all []float64
	if len(m[number]) == 0 {
		return all
	}
	for text := m[number][0].([]byte); len(text) > 0; text = text[8:] {
		all = append(all, math.Float64frombits(binary.LittleEndian.Uint64(text)))
	}
	return all
}

// masked is the checksum of records: rotated right by 15 bits, plus a constant.
func masked(data []byte) uint32 {
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// records is the data of the records of a file, as far as they are whole, and how many
// bytes they take.
func records(t *testing.T, file []byte) (all [][]byte, whole int) {
	t.Helper()
	for rest := file; len(rest) >= 12; rest = file[whole:] {
		length := binary.LittleEndian.Uint64(rest)
		if sum := binary.LittleEndian.Uint32(rest[8:]); sum != masked(rest[:8]) {
			t.Fatalf("at byte %d: the length's checksum is %#x, expected %#x", whole, sum, masked(rest[:8]))
		}
		if uint64(len(rest)) < 12+length+4 {
			return all, whole
		}
		data := rest[12 : 12+length]
		if sum := binary.LittleEndian.Uint32(rest[12+length:]); sum != masked(data) {
			t.Fatalf("at byte %d: the data's checksum is %#x, expected %#x", whole, sum, masked(data))
		}
		all, whole = append(all, data), whole+int(12+length+4)
	}
	return all, whole
}

// Fields of Event, Summary.Value and so on.
const (
	eventWallTime = 1
	eventStep     = 2
	eventVersion  = 3
	eventGraph    = 4
	eventSummary  = 5
	eventSession  = 7

	summaryValue = 1

	valueTag       = 1
	valueSimple    = 2
	valueImage     = 4
	valueHistogram = 5
)

// eventsOf reads the one event file in a directory.
func eventsOf(t *testing.T, dir string) []message {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("%s has the event files %v (%v), expected one", dir, paths, err)
	}
	file, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	all, whole := records(t, file)
	if whole != len(file) {
		t.Fatalf("%s: %d of %d bytes are whole records", paths[0], whole, len(file))
	}
	var events []message
	for _, data := range all {
		events = append(events, parse(t, data))
	}
	if len(events) == 0 || events[0].text(eventVersion) != "brain.Event:2" {
		t.Fatalf("%s does not begin with the format's version", paths[0])
	}
	return events
}

// point is a value of a tag at a step.
type point struct {
	Step  int64
	Value float32
}

// scalarsOf is the scalars of events by tag.
func scalarsOf(t *testing.T, events []message) map[string][]point {
	t.Helper()
	all := map[string][]point{}
	for _, e := range events {
		for _, v := range e.message(t, eventSummary).messages(t, summaryValue) {
			if len(v[valueSimple]) > 0 {
				tag := v.text(valueTag)
				all[tag] = append(all[tag], point{e.integer(eventStep), v[valueSimple][0].(float32)})
			}
		}
	}
	return all
}

// stepsOf is the steps at which tags have values in a field of Summary.Value.
func stepsOf(t *testing.T, events []message, field protowire.Number) map[string][]int64 {
	t.Helper()
	all := map[string][]int64{}
	for _, e := range events {
		for _, v := range e.message(t, eventSummary).messages(t, summaryValue) {
			if len(v[field]) > 0 {
				tag := v.text(valueTag)
				all[tag] = append(all[tag], e.integer(eventStep))
			}
		}
	}
	return all
}
