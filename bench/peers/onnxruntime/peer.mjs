// Onnxruntime's side of the comparison: it answers like the programs in Go beside it.
//
// Reads names of workloads from standard input, a line each, and answers with a line of
// JSON each. The workloads are those of ../workload/models.go.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import ort from 'onnxruntime-node';

const budget = Number(process.argv[2] ?? 0.3);
const threads = Number(process.env.PEER_THREADS ?? 1);
const directory = process.env.CHAINRULE_INTERCHANGE;

// readArray reads a file of NumPy: float32 or int64, row-major.
function readArray(path) {
  const file = readFileSync(path);
  const begin = 10 + file.readUInt16LE(8);
  const header = file.toString('latin1', 10, begin);
  const shape = /'shape': \(([^)]*)\)/.exec(header)[1].split(',').filter((n) => n.trim()).map(Number);
  const body = file.buffer.slice(file.byteOffset + begin, file.byteOffset + file.length);
  const integers = header.includes("'<i8'");
  return { shape, type: integers ? 'int64' : 'float32', data: integers ? new BigInt64Array(body) : new Float32Array(body) };
}

// batchOf has the examples of an array over and over.
function batchOf({ shape, type, data }, batch) {
  const size = shape.slice(1).reduce((product, n) => product * n, 1);
  const repeated = Array.from({ length: batch * size }, (_, i) => data[i % data.length]);
  return new ort.Tensor(type, data.constructor.from(repeated), [batch, ...shape.slice(1)]);
}

// probe is what package workload's Probe is.
function probe(xs) {
  let mean = 0;
  for (const x of xs) mean += Math.abs(x) / xs.length;
  return [xs[0], xs[Math.floor(xs.length / 3)], xs[xs.length - 1], mean];
}

async function prepare(model, batch) {
  const session = await ort.InferenceSession.create(`${directory}/${model}/opset13.onnx`, {
    intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all',
  });
  const inputs = { x: batchOf(readArray(`${directory}/${model}/input.npy`), batch) };
  const { y } = await session.run(inputs);
  return { session, inputs, check: probe(y.data) };
}

// measure runs the model until the budget is used up and returns the mean of the seconds it
// took, as package workload does.
async function measure({ session, inputs }) {
  const start = process.hrtime.bigint();
  for (let done = 0, next = 1; ; next *= 2) {
    for (; done < next; done++) await session.run(inputs);
    const elapsed = Number(process.hrtime.bigint() - start) / 1e9;
    if (elapsed >= budget / 2) return elapsed / done;
  }
}

const answer = (message) => process.stdout.write(JSON.stringify(message) + '\n');
const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json');
answer({ peer: 'onnxruntime', version, remark: 'called from Node.js; a call of a model that only hands its input on takes some 6 µs' });

let current;
let work;
for await (const name of createInterface({ input: process.stdin })) {
  try {
    const parts = /^(\w+) from ONNX: inference of (\d+)$/.exec(name);
    if (!parts) {
      answer({ workload: name, missing: 'it runs files of ONNX only' });
      continue;
    }
    if (!directory) throw new Error('the environment variable CHAINRULE_INTERCHANGE does not name a directory of models');
    if (name !== current) {
      current = undefined;
      work = await prepare(parts[1], Number(parts[2]));
      current = name;
    }
    answer({ workload: name, seconds: await measure(work), check: work.check });
  } catch (err) {
    answer({ workload: name, error: String(err) });
  }
}
