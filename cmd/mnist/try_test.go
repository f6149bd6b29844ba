package main
import ("testing";"fmt";"context";"os"
 "github.com/chainrule-go/chainrule/data"
 "github.com/chainrule-go/chainrule/nn")
func TestTry(t *testing.T){
 net,err := loadTrained("/tmp/mn/w.safetensors"); if err!=nil {t.Fatal(err)}
 _,test,err := data.MNIST(context.Background(), data.MNISTOptions{Dir: os.Getenv("MNIST_DIR")})
 if err!=nil {t.Skip(err)}
 for _,l := range looks() {
  n := 1500; if l.width>300 {n=300}
  out := &data.Images{N:n,Height:28,Width:28,Labels:test.Labels[:n]}
  for i:=range n { p,err := digitFraming.normalize(render(test.Image(i),l)); if err!=nil {t.Fatal(err)}; out.Pixels=append(out.Pixels,p...)}
  s,_ := nn.Evaluate(context.Background(), net.model, out.Flatten(), nn.EvaluateConfig{Metrics: []nn.Metric{nn.Accuracy{}}})
  s2,_ := nn.Evaluate(context.Background(), net.model, (&data.Images{N:n,Height:28,Width:28,Labels:test.Labels[:n],Pixels:test.Pixels[:n*784]}).Flatten(), nn.EvaluateConfig{Metrics: []nn.Metric{nn.Accuracy{}}})
  fmt.Println(l.name, s, "   direct", s2)
 }
}
