package autograd_test

import "encoding/json"

// dims is a list of axes that may be given in JSON as one number or as null.
type dims []int

func (d *dims) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	if text[0] != '[' {
		*d = make(dims, 1)
		return json.Unmarshal(text, &(*d)[0])
	}
	return json.Unmarshal(text, (*[]int)(d))
}
