package gemm

import "testing"

func TestMulSmall(t *testing.T) {
	a := RowMajor([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	b := RowMajor([]float32{1, 0, 0, 1, 2, 3}, 3, 2)
	got := make([]float32, 4)
	Mul(RowMajor(got, 2, 2), a, b, Epilogue[float32]{Bias: []float32{1, -100}, ReLU: true})
	if want := [4]float32{8, 0, 17, 0}; [4]float32(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
	got = make([]float32, 9)
	Mul(RowMajor(got, 3, 3), a.T(), b.T(), Epilogue[float32]{})
	if want := [9]float32{1, 4, 14, 2, 5, 19, 3, 6, 24}; [9]float32(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
