/** Parameters that stay on the device, on a software adapter: they are what the reference computes, and only read when asked for. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { evaluate, Expressions, GraphBuilder, graphToJson, vjp, type Graph } from '@geodesic/engine';
import { expectClose, findSoftwareAdapter } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { tensor } from './cases/kernel-case.ts';

const adapter = findSoftwareAdapter();
if ('reason' in adapter) process.stderr.write(`SKIPPED: values on a device: ${adapter.reason}\n`);

/** theta - 0.1 d(loss)/d(theta) and the loss |tanh(x theta)|^2. */
function descent(): Graph {
  const builder = new GraphBuilder();
  const x = new Expressions(builder);
  const theta = builder.input('theta', [6, 3], 'float32');
  const values = x.unary('Tanh', x.matMul(builder.input('x', [4, 6], 'float32'), theta));
  const loss = x.sum(x.unary('Square', values), [0, 1]);
  const [gradient] = vjp(builder, [{ id: loss, cotangent: builder.constant(1) }], [theta]);
  builder.output('theta', x.sub(theta, x.scale(gradient, 0.1)));
  builder.output('loss', loss);
  return builder.build();
}

const sines = (length: number): number[] => Array.from({ length }, (_, i) => Math.sin(i + 1));

describe.skipIf('reason' in adapter)('DeviceExecutor', () => {
  it('feeds kept outputs back, and refuses values that are disposed of', () => {
    const graph = descent();
    const script = fileURLToPath(new URL('./fixtures/device-loop.mjs', import.meta.url));
    const env = { ...process.env, ...('env' in adapter && adapter.env) };
    const printed = execFileSync(process.execPath, [script, JSON.stringify(graphToJson(graph))], { env, encoding: 'utf8' });
    const got = JSON.parse(printed) as { theta: number[]; next: number[]; losses: number[]; misuse: string; fed: string };
    let theta = tensor('float32', [6, 3], sines(18));
    const losses: number[] = [];
    const step = (): void => {
      const outputs = evaluate(graph, { theta, x: tensor('float32', [4, 6], sines(24)) }, { precision: 'float64' });
      theta = tensor('float32', [6, 3], outputs.theta.data);
      losses.push(outputs.loss.data[0]);
    };
    for (let i = 0; i < 5; i++) step();
    expectClose(got.theta, theta.data, { abs: 1e-5 });
    expectClose(got.losses, losses, { abs: 1e-4 });
    step();
    expectClose(got.next, theta.data, { abs: 1e-5 });
    expect(got.misuse).toBe('device value: expected an open device value, got a closed one (compile again)');
    expect(got.fed).toContain('a device value that is disposed of or belongs to another executor');
  });
});
