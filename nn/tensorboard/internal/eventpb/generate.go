// Package eventpb has the messages of TensorBoard's event files, generated from event.proto.
package eventpb

//go:generate go build -o protoc-gen-go google.golang.org/protobuf/cmd/protoc-gen-go
//go:generate protoc --plugin=protoc-gen-go -I ../../../.. --go_out=../../../.. --go_opt=paths=source_relative --go_opt=Mnn/tensorboard/internal/eventpb/event.proto=github.com/chainrule-go/chainrule/nn/tensorboard/internal/eventpb nn/tensorboard/internal/eventpb/event.proto
//go:generate rm protoc-gen-go
