package optim

import (
	"iter"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// table has a row for every optimizer. TestTableIsComplete compares it with the
// package's constructors.
var table = []optimizer{
	row[SGDConfig]{
		constructor: "NewSGD",
		new:         NewSGD,
		resolve:     SGDConfig.resolve,
		defaults:    SGDConfig{LR: 0.01},
		variants: map[string]SGDConfig{
			"plain":    {WeightDecay: 0.1},
			"momentum": {Momentum: 0.9, Dampening: 0.5},
			"nesterov": {Momentum: 0.9, Nesterov: true, WeightDecay: 0.1},
		},
		state:     []string{"momentum_buffer"},
		decay:     penalty,
		reference: "sgd",
		config: func(a attributes) SGDConfig {
			return SGDConfig{LR: a.LR, Momentum: a.Momentum, Dampening: a.Dampening, Nesterov: a.Nesterov, WeightDecay: a.WeightDecay}
		},
		byHand: func(c SGDConfig) func(w, g []float64) {
			var buffer []float64
			return func(w, g []float64) {
				first := buffer == nil
				if first {
					buffer = make([]float64, len(w))
				}
				for i := range w {
					grad := g[i] + c.WeightDecay*w[i]
					buffer[i] = c.Momentum*buffer[i] + (1-c.Dampening)*grad
					if first {
						buffer[i] = grad
					}
					step := buffer[i]
					if c.Nesterov {
						step = grad + c.Momentum*step
					}
					if c.Momentum == 0 {
						step = grad
					}
					w[i] -= c.LR * step
				}
			}
		},
	}.optimizer(),
	row[AdamConfig]{
		constructor: "NewAdam",
		new:         NewAdam,
		resolve:     func(c AdamConfig, op string) AdamConfig { return c.resolve(op, 0) },
		defaults:    AdamConfig{LR: 1e-3, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8},
		variants: map[string]AdamConfig{
			"":        {WeightDecay: 0.1},
			"amsgrad": {AMSGrad: true},
		},
		state:     []string{"exp_avg", "exp_avg_sq", "max_exp_avg_sq"},
		decay:     penalty,
		reference: "adam",
		config:    adamOf,
	}.optimizer(),
	row[AdamConfig]{
		constructor: "NewAdamW",
		new:         NewAdamW,
		resolve:     func(c AdamConfig, op string) AdamConfig { return c.resolve(op, 0.01) },
		defaults:    AdamConfig{LR: 1e-3, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8, WeightDecay: 0.01},
		variants: map[string]AdamConfig{
			"":        {},
			"amsgrad": {AMSGrad: true, WeightDecay: 0.1},
		},
		state:     []string{"exp_avg", "exp_avg_sq", "max_exp_avg_sq"},
		decay:     decoupled,
		reference: "adamw",
		config:    adamOf,
	}.optimizer(),
	row[SparseAdamConfig]{
		constructor: "NewSparseAdam",
		new:         NewSparseAdam,
		resolve:     SparseAdamConfig.resolve,
		defaults:    SparseAdamConfig{LR: 1e-3, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8},
		variants:    map[string]SparseAdamConfig{"": {LR: 0.01, Eps: 1e-3}},
		state:       []string{"exp_avg", "exp_avg_sq"},
		byHand: func(c SparseAdamConfig) func(w, g []float64) {
			var m, v [3]float64
			t := 0.0
			return func(w, g []float64) {
				t++
				rate := c.LR * math.Sqrt(1-math.Pow(c.Betas[1], t)) / (1 - math.Pow(c.Betas[0], t))
				for i := range w {
					m[i] = c.Betas[0]*m[i] + (1-c.Betas[0])*g[i]
					v[i] = c.Betas[1]*v[i] + (1-c.Betas[1])*g[i]*g[i]
					w[i] -= rate * m[i] / (math.Sqrt(v[i]) + c.Eps)
				}
			}
		},
	}.optimizer(),
	row[RMSpropConfig]{
		constructor: "NewRMSprop",
		new:         NewRMSprop,
		resolve:     RMSpropConfig.resolve,
		defaults:    RMSpropConfig{LR: 0.01, Alpha: 0.99, Eps: 1e-8},
		variants: map[string]RMSpropConfig{
			"":                  {},
			"momentum":          {Momentum: 0.5, WeightDecay: 0.1},
			"centered":          {Centered: true},
			"centered momentum": {Alpha: 0.9, Centered: true, Momentum: 0.5},
		},
		state:     []string{"square_avg", "grad_avg", "momentum_buffer"},
		decay:     penalty,
		reference: "rmsprop",
		config: func(a attributes) RMSpropConfig {
			return RMSpropConfig{LR: a.LR, Alpha: a.Alpha, Eps: a.Eps, WeightDecay: a.WeightDecay, Momentum: a.Momentum, Centered: a.Centered}
		},
	}.optimizer(),
	row[AdagradConfig]{
		constructor: "NewAdagrad",
		new:         NewAdagrad,
		resolve:     AdagradConfig.resolve,
		defaults:    AdagradConfig{LR: 0.01, Eps: 1e-10},
		variants: map[string]AdagradConfig{
			"":        {LR: 0.1, WeightDecay: 0.1},
			"initial": {LR: 0.1, LRDecay: 0.1, InitialAccumulator: 0.5},
		},
		state:     []string{"sum"},
		decay:     penalty,
		reference: "adagrad",
		config: func(a attributes) AdagradConfig {
			return AdagradConfig{LR: a.LR, Eps: a.Eps, WeightDecay: a.WeightDecay, LRDecay: a.LRDecay, InitialAccumulator: a.InitialAccumulator}
		},
		byHand: func(c AdagradConfig) func(w, g []float64) {
			sum, t := []float64{c.InitialAccumulator, c.InitialAccumulator, c.InitialAccumulator}, 0.0
			return func(w, g []float64) {
				for i := range w {
					grad := g[i] + c.WeightDecay*w[i]
					sum[i] += grad * grad
					w[i] -= c.LR / (1 + t*c.LRDecay) * grad / (math.Sqrt(sum[i]) + c.Eps)
				}
				t++
			}
		},
	}.optimizer(),
	row[AdadeltaConfig]{
		constructor: "NewAdadelta",
		new:         NewAdadelta,
		resolve:     AdadeltaConfig.resolve,
		defaults:    AdadeltaConfig{LR: 1, Rho: 0.9, Eps: 1e-6},
		variants:    map[string]AdadeltaConfig{"": {LR: 2, WeightDecay: 0.1}},
		state:       []string{"square_avg", "acc_delta"},
		decay:       penalty,
		reference:   "adadelta",
		config: func(a attributes) AdadeltaConfig {
			return AdadeltaConfig{LR: a.LR, Rho: a.Rho, Eps: a.Eps, WeightDecay: a.WeightDecay}
		},
	}.optimizer(),
	row[AdamaxConfig]{
		constructor: "NewAdamax",
		new:         NewAdamax,
		resolve:     AdamaxConfig.resolve,
		defaults:    AdamaxConfig{LR: 2e-3, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8},
		variants:    map[string]AdamaxConfig{"": {WeightDecay: 0.1}},
		state:       []string{"exp_avg", "exp_inf"},
		decay:       penalty,
		reference:   "adamax",
		config: func(a attributes) AdamaxConfig {
			return AdamaxConfig{LR: a.LR, Betas: a.Betas, Eps: a.Eps, WeightDecay: a.WeightDecay}
		},
	}.optimizer(),
	row[NAdamConfig]{
		constructor: "NewNAdam",
		new:         NewNAdam,
		resolve:     NAdamConfig.resolve,
		defaults:    NAdamConfig{LR: 2e-3, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8, MomentumDecay: 4e-3},
		variants:    map[string]NAdamConfig{"": {WeightDecay: 0.1}},
		state:       []string{"exp_avg", "exp_avg_sq", "mu_product"},
		decay:       penalty,
		reference:   "nadam",
		config: func(a attributes) NAdamConfig {
			return NAdamConfig{LR: a.LR, Betas: a.Betas, Eps: a.Eps, WeightDecay: a.WeightDecay, MomentumDecay: a.MomentumDecay}
		},
	}.optimizer(),
	row[RAdamConfig]{
		constructor: "NewRAdam",
		new:         NewRAdam,
		resolve:     RAdamConfig.resolve,
		defaults:    RAdamConfig{LR: 1e-3, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8},
		variants:    map[string]RAdamConfig{"": {LR: 1e-2, WeightDecay: 0.1}},
		state:       []string{"exp_avg", "exp_avg_sq"},
		decay:       penalty,
		reference:   "radam",
		config: func(a attributes) RAdamConfig {
			return RAdamConfig{LR: a.LR, Betas: a.Betas, Eps: a.Eps, WeightDecay: a.WeightDecay}
		},
	}.optimizer(),
	row[RpropConfig]{
		constructor: "NewRprop",
		new:         NewRprop,
		resolve:     RpropConfig.resolve,
		defaults:    RpropConfig{LR: 0.01, Etas: [2]float64{0.5, 1.2}, Sizes: [2]float64{1e-6, 50}},
		variants:    map[string]RpropConfig{"": {Sizes: [2]float64{0.004, 0.011}}},
		state:       []string{"prev", "step_size"},
		byHand: func(c RpropConfig) func(w, g []float64) {
			var prev, size [3]float64
			for i := range size {
				size[i] = c.LR
			}
			return func(w, g []float64) {
				for i := range w {
					sign := prev[i] * g[i]
					prev[i] = g[i]
					if sign > 0 {
						size[i] = math.Min(size[i]*c.Etas[1], c.Sizes[1])
					}
					if sign < 0 {
						size[i] = math.Max(size[i]*c.Etas[0], c.Sizes[0])
						prev[i] = 0
					}
					if prev[i] != 0 {
						w[i] -= math.Copysign(size[i], prev[i])
					}
				}
			}
		},
	}.optimizer(),
	row[LionConfig]{
		constructor: "NewLion",
		new:         NewLion,
		resolve:     LionConfig.resolve,
		defaults:    LionConfig{LR: 1e-4, Betas: [2]float64{0.9, 0.99}},
		variants:    map[string]LionConfig{"": {LR: 1e-2, WeightDecay: 0.1}},
		state:       []string{"exp_avg"},
		decay:       decoupled,
		byHand: func(c LionConfig) func(w, g []float64) {
			var m [3]float64
			return func(w, g []float64) {
				for i := range w {
					update := c.Betas[0]*m[i] + (1-c.Betas[0])*g[i]
					w[i] -= c.LR * (math.Copysign(1, update) + c.WeightDecay*w[i])
					m[i] = c.Betas[1]*m[i] + (1-c.Betas[1])*g[i]
				}
			}
		},
	}.optimizer(),
	row[LAMBConfig]{
		constructor: "NewLAMB",
		new:         NewLAMB,
		resolve:     LAMBConfig.resolve,
		defaults:    LAMBConfig{LR: 1e-3, Betas: [2]float64{0.9, 0.999}, Eps: 1e-6, WeightDecay: 0.01},
		variants:    map[string]LAMBConfig{"": {LR: 3e-2}},
		state:       []string{"exp_avg", "exp_avg_sq"},
		byHand: func(c LAMBConfig) func(w, g []float64) {
			var m, v, r [3]float64
			t := 0.0
			return func(w, g []float64) {
				t++
				weight, step := 0.0, 0.0
				for i := range w {
					m[i] = c.Betas[0]*m[i] + (1-c.Betas[0])*g[i]
					v[i] = c.Betas[1]*v[i] + (1-c.Betas[1])*g[i]*g[i]
					r[i] = m[i]/(1-math.Pow(c.Betas[0], t))/(math.Sqrt(v[i]/(1-math.Pow(c.Betas[1], t)))+c.Eps) + c.WeightDecay*w[i]
					weight, step = math.Hypot(weight, w[i]), math.Hypot(step, r[i])
				}
				for i := range w {
					w[i] -= c.LR * weight / step * r[i]
				}
			}
		},
	}.optimizer(),
	row[AdafactorConfig]{
		constructor: "NewAdafactor",
		new:         NewAdafactor,
		resolve:     AdafactorConfig.resolve,
		defaults:    AdafactorConfig{LR: 0.01, Decay: 0.8, Eps: [2]float64{1e-30, 1e-3}, ClipThreshold: 1},
		variants: map[string]AdafactorConfig{
			"":      {LR: 0.05, WeightDecay: 0.1},
			"clips": {ClipThreshold: 0.25, Eps: [2]float64{0.5, 2}, Decay: 0.5},
		},
		state: []string{"row_var", "col_var", "variance"},
		byHand: func(c AdafactorConfig) func(w, g []float64) {
			return adafactorByHand(c, 1, 1, 3)
		},
	}.optimizer(),
}

// adafactorByHand is steps of so many matrices. A vector is a matrix of one row.
func adafactorByHand(c AdafactorConfig, matrices, rows, cols int) func(w, g []float64) {
	row, col, t := make([]float64, matrices*rows), make([]float64, matrices*cols), 0.0
	size := func(x []float64) float64 {
		sum := 0.0
		for _, v := range x {
			sum += v * v
		}
		return math.Sqrt(sum / float64(len(x)))
	}
	return func(w, g []float64) {
		t++
		omega := math.Pow(t, -c.Decay)
		for i := range row {
			row[i] *= 1 - omega
		}
		for i := range col {
			col[i] *= 1 - omega
		}
		for i, x := range g {
			row[i/cols] += omega * x * x / float64(cols)
			col[i/(rows*cols)*cols+i%cols] += omega * x * x / float64(rows)
		}
		mean := make([]float64, matrices)
		for i, r := range row {
			mean[i/rows] += r / float64(rows)
		}
		u := make([]float64, len(w))
		for i, x := range g {
			matrix := i / (rows * cols)
			u[i] = x / math.Max(c.Eps[0], math.Sqrt(row[i/cols]*col[matrix*cols+i%cols]/mean[matrix]))
		}
		rate := math.Min(c.LR, 1/math.Sqrt(t)) * math.Max(c.Eps[1], size(w)) / math.Max(1, size(u)/c.ClipThreshold)
		for i := range w {
			w[i] = w[i]*(1-c.LR*c.WeightDecay) - rate*u[i]
		}
	}
}

func adamOf(a attributes) AdamConfig {
	return AdamConfig{LR: a.LR, Betas: a.Betas, Eps: a.Eps, WeightDecay: a.WeightDecay, AMSGrad: a.AMSGrad}
}

// row is an optimizer with all that the tests need to know of it.
type row[C any] struct {
	constructor string
	new         func(params params, config C, groups ...Group) Optimizer
	resolve     func(config C, op string) C // the configuration in force
	defaults    C                           // what the zero configuration is
	variants    map[string]C                // configurations that use, together, everything it can do
	state       []string                    // the names of its slots, of all variants together
	decay       decay                       // how weight decay works

	// PyTorch's cases: their op, and the configuration for their attributes.
	reference string
	config    func(a attributes) C

	// byHand is the optimizer again, as one would write it down, where PyTorch has none:
	// a step of parameter w with gradient g, with memory of its own.
	byHand func(c C) func(w, g []float64)
}

// decay is how weight decay works.
type decay int

const (
	otherDecay decay = iota // none, or what only byHand shows
	penalty                 // g ← g + λw first
	decoupled               // w ← w − αλw first
)

// maker makes an optimizer.
type maker func(params params, groups ...Group) Optimizer

// optimizer is a row without its type of configuration.
type optimizer struct {
	constructor string
	variants    map[string]maker
	byHand      map[string]func(w, g []float64) // fresh steps by hand, one for each variant
	state       []string
	decay       decay
	reference   string
	config      func(a attributes) maker
	walk        walk
}

func (r row[C]) optimizer() optimizer {
	with := func(c C) maker {
		return func(params params, groups ...Group) Optimizer {
			return r.new(params, c, groups...)
		}
	}
	o := optimizer{
		constructor: r.constructor, state: r.state, decay: r.decay, reference: r.reference,
		variants: map[string]maker{}, byHand: map[string]func(w, g []float64){},
		config: func(a attributes) maker { return with(r.config(a)) },
		walk:   walkOf(r.resolve, *new(C), r.defaults),
	}
	for name, c := range r.variants {
		o.variants[name] = with(c)
		if r.byHand != nil {
			o.byHand[name] = r.byHand(r.resolve(c, "test"))
		}
	}
	return o
}

// scheduleRow is a schedule with a case by hand and PyTorch's name for it.
type scheduleRow struct {
	constructor string
	schedule    Schedule
	want        map[int]float64 // factors of some steps

	reference string // PyTorch's op; "" if it has none
	read      func(a scheduleAttributes) Schedule
}

// schedules has a row for every schedule. TestTableIsComplete compares it with the
// package's functions.
var schedules = []scheduleRow{
	{"Constant", Constant(0.5), map[int]float64{0: 0.5, 99: 0.5}, "", nil},
	{"StepDecay", StepDecay(2, 0.5), map[int]float64{0: 1, 1: 1, 2: 0.5, 5: 0.25}, "step",
		func(a scheduleAttributes) Schedule { return StepDecay(a.StepSize, a.Gamma) }},
	{"MultiStep", MultiStep(0.1, 7, 3), map[int]float64{0: 1, 2: 1, 3: 0.1, 6: 0.1, 7: 0.01, 100: 0.01}, "multistep",
		func(a scheduleAttributes) Schedule { return MultiStep(a.Gamma, a.Milestones...) }},
	{"Exponential", Exponential(0.5), map[int]float64{0: 1, 1: 0.5, 3: 0.125}, "exponential",
		func(a scheduleAttributes) Schedule { return Exponential(a.Gamma) }},
	{"Linear", Linear(0.5, 1, 4), map[int]float64{0: 0.5, 1: 0.625, 4: 1, 9: 1}, "linear",
		func(a scheduleAttributes) Schedule { return Linear(a.StartFactor, a.EndFactor, a.TotalIters) }},
	{"Polynomial", Polynomial(4, 2), map[int]float64{0: 1, 1: 0.5625, 4: 0, 5: 0}, "polynomial",
		func(a scheduleAttributes) Schedule { return Polynomial(a.TotalIters, a.Power) }},
	{"Cosine", Cosine(4, 0.2), map[int]float64{0: 1, 1: 0.2 + 0.4*(1+math.Sqrt2/2), 2: 0.6, 4: 0.2, 5: 0.2}, "cosine",
		func(a scheduleAttributes) Schedule { return Cosine(a.TMax, a.EtaMin/a.BaseLR) }},
	{"CosineRestarts", CosineRestarts(2, 2, 0), map[int]float64{0: 1, 1: 0.5, 2: 1, 4: 0.5, 5: (1 - math.Sqrt2/2) / 2, 6: 1, 10: 0.5, 14: 1}, "cosine_warm_restarts",
		func(a scheduleAttributes) Schedule { return CosineRestarts(a.T0, a.TMult, a.EtaMin/a.BaseLR) }},
	{"InverseSqrt", InverseSqrt(4), map[int]float64{0: 0.25, 3: 1, 15: 0.5}, "", nil},
	{"Cyclic", Cyclic(0.5, 2, 4), map[int]float64{0: 0.5, 1: 0.75, 2: 1, 4: 0.75, 6: 0.5, 7: 0.75}, "", nil},
	{"OneCycle", OneCycle(OneCycleConfig{Steps: 11, Rise: 6. / 11, Start: 0.5, End: None, Linear: true}),
		map[int]float64{0: 0.5, 1: 0.6, 5: 1, 6: 0.8, 10: 0, 11: 0}, "one_cycle",
		func(a scheduleAttributes) Schedule {
			return OneCycle(OneCycleConfig{
				Steps: a.TotalSteps, Rise: a.PctStart, Start: 1 / a.DivFactor, End: 1 / a.DivFactor / a.FinalDivFactor, Linear: a.Anneal == "linear",
			})
		}},
	{"Warmup", Warmup(3, Constant(0.8)), map[int]float64{0: 0.2, 1: 0.4, 2: 0.6, 3: 0.8, 9: 0.8}, "", nil},
	{"Sequence", Sequence(Constant(0.5), 3, Exponential(0.5)), map[int]float64{0: 0.5, 2: 0.5, 3: 1, 4: 0.5}, "", nil},
	{"Product", Product(Constant(0.5), Exponential(0.5)), map[int]float64{0: 0.5, 2: 0.125}, "", nil},
}

// params is parameters with their names.
type params = iter.Seq2[string, autograd.Variable]
