/**
 * Tries one provider of ONNX Runtime (`webgpu`, `cuda`) with a model of one operation. Exit code 0: it computed; otherwise the
 * first line of standard output says why not.
 */
import * as ort from 'onnxruntime-node';

// y = x + x, float32[2], opset 18.
const MODEL = 'CAgSCGdlb2Rlc2ljOkAKEwoBeAoBeBIBeRoDc3VtIgNBZGQSB3Byb2dyYW1aDwoBeBIKCggIARIECgIIAmIPCgF5EgoKCAgBEgQKAggCQgIQEg==';

try {
  const options = { executionProviders: [process.argv[2]], logSeverityLevel: 4, extra: { session: { disable_cpu_ep_fallback: '1' } } };
  const session = await ort.InferenceSession.create(Buffer.from(MODEL, 'base64'), options);
  const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2), [2]) });
  if (y.data[1] !== 4) throw new Error(`it computed 2 + 2 = ${y.data[1]}`);
} catch (error) {
  process.stdout.write(`${error.message.split('\n')[0]}\n`);
  process.exitCode = 1;
}
