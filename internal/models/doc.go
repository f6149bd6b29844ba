// Package models has nine small models as users write them in package nn: those whose
// weights, inputs and outputs PyTorch wrote into files that tests and benchmarks read.
// Parameters have the names of PyTorch's state_dict.
//
// What lives here: the models, the table of them, and what reads a directory of such
// files. What does not: how weights are read, and what is compared.
package models
