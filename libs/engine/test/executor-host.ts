/** Runs graphs on an executor in a process of its own: another process's bits, or an environment that must be set at the start. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { graphToJson, type Graph, type NamedTensors } from '@geodesic/engine';
import type { EngineName, ExecutorOptions } from '@geodesic/engine/executors';
import type { TensorData } from '@geodesic/tensor';

/** A process with one executor. */
export interface ExecutorHost {
  /** @throws {Error} `<class>: <message>` of what the executor threw */
  run(graph: Graph, inputs: NamedTensors): Promise<Record<string, TensorData>>;
  close(): Promise<void>;
}

interface Answer {
  readonly id: number;
  readonly outputs?: Record<string, TensorData>;
  readonly error?: { readonly name: string; readonly message: string };
}

/** Starts the process. @throws {Error} when it ends before its executor is open */
export async function openHost(
  engine: EngineName,
  options: ExecutorOptions & { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<ExecutorHost> {
  const { env = {}, ...rest } = options;
  const script = fileURLToPath(new URL('./fixtures/executor-host.mjs', import.meta.url));
  const child = fork(script, [engine, JSON.stringify(rest)], {
    serialization: 'advanced',
    execArgv: [],
    env: { ...process.env, ...env },
  });
  const exited = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`executor host ${engine}: expected an open process, got exit code ${code ?? signal}`);
  });
  exited.catch(() => undefined);
  await Promise.race([once(child, 'message'), exited]);
  let ids = 0;
  return {
    async run(graph, inputs) {
      const id = ids++;
      const answered = new Promise<Answer>((resolve) => {
        const hear = (answer: Answer): void => {
          if (answer.id !== id) return;
          child.off('message', hear);
          resolve(answer);
        };
        child.on('message', hear);
      });
      child.send({ id, graph: graphToJson(graph), inputs });
      const { outputs, error } = await Promise.race([answered, exited]);
      if (error) throw new Error(`${error.name}: ${error.message}`);
      return outputs!;
    },
    async close() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
