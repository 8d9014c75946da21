/**
 * The runtime's messages as errors of ours. ONNX Runtime names the operation by the name that the writer gave it.
 */
import { ExecutorError, type ExecutorFailure } from '../errors.ts';

const OUT_OF_MEMORY = /out of memory|bad_alloc|failed to allocate|allocation failed|exceeds? (?:the )?(?:limit|max)|CUDA error.*memory/i;
const NO_ADAPTER = /Failed to get a WebGPU adapter/;
const SHAPE = /shape|dimension|broadcast|rank|incompatible/i;

/** Names the executor, the graph and the operation that a session's error is about. */
export function sessionError(error: unknown, at: { readonly executor: string; readonly graph: string }): ExecutorError {
  const message = error instanceof Error ? error.message : String(error);
  const operation = /[Nn]ame:? ?'([^']+)'/.exec(message)?.[1];
  const reason = reasonOf(message);
  return new ExecutorError(at.executor, { failure: failureOf(message), reason, graph: at.graph, ...(operation && { operation }) });
}

/** What the runtime means, in one line: without the place and function in its source, and without what it was doing. */
export function reasonOf(message: string): string {
  if (NO_ADAPTER.test(message)) return 'no graphics adapter (install a Vulkan, Metal or D3D12 driver)';
  return (/Status Message: ([^]*)/.exec(message)?.[1] ?? message)
    .trim()
    .split('\n')[0]
    .replace(/^\/\S*onnxruntime\/\S+:\d+ /, '')
    .replace(/^\S+ onnxruntime::\S+\(.*?\) (?=[A-Z])/, '');
}

function failureOf(message: string): ExecutorFailure {
  if (NO_ADAPTER.test(message)) return 'unavailable';
  if (OUT_OF_MEMORY.test(message)) return 'out-of-memory';
  return SHAPE.test(message) ? 'shape' : 'failed';
}
