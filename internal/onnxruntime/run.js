// Runs ONNX models by onnxruntime. Standard input is JSON: a list of {model, inputs}, where model is the
// file in base64 and inputs has for each name {type, dims, data}, data in base64. Standard output is a list
// of {outputs} of the same form, or of {error}.
const ort = require('onnxruntime-node');

const arrays = {float32: Float32Array, float64: Float64Array, int64: BigInt64Array, uint8: Uint8Array};

function tensor({type, dims, data}) {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
  return new ort.Tensor(type, new arrays[type](bytes.buffer), dims);
}

async function run({model, inputs}) {
  try {
    const session = await ort.InferenceSession.create(Buffer.from(model, 'base64'), {intraOpNumThreads: 1, logSeverityLevel: 3});
    const feeds = {};
    for (const [name, t] of Object.entries(inputs)) feeds[name] = tensor(t);
    const outputs = {};
    for (const [name, t] of Object.entries(await session.run(feeds)))
      outputs[name] = {type: t.type, dims: t.dims, data: Buffer.from(t.data.buffer, t.data.byteOffset, t.data.byteLength).toString('base64')};
    return {outputs};
  } catch (error) {
    return {error: error.message};
  }
}

async function main() {
  const results = [];
  for (const one of JSON.parse(require('fs').readFileSync(0, 'utf8'))) results.push(await run(one));
  process.stdout.write(JSON.stringify(results));
}

main();
