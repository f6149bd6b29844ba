// Package operations is the table of the differentiable operations of package autograd,
// for tests: what an operation's operands may be, where its kinks are, and what it can be
// held against. Whatever tests all operations ranges over it, so a new operation gets its
// row here, in the file of its family, and nothing else.
//
// What lives here: rows, and operands for them. What does not: tests.
package operations
