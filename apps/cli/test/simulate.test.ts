/** `geo simulate`: passes, finds what is planted, and names the command that shows it again. */
import { describe, expect, it } from 'vitest';
import { runProgram } from '../src/program.ts';

async function geo(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const text = { out: '', err: '' };
  const stdout = { write: (more: string) => void (text.out += more) };
  const stderr = { write: (more: string) => void (text.err += more) };
  return { exitCode: await runProgram(['simulate', ...argv], { stdout, stderr, env: {} }), ...text };
}

describe('geo simulate', () => {
  it('says how many schedules ended with the same bits', async () => {
    const { exitCode, out } = await geo('--seed', '7', '--schedules', '3');
    expect(out).toMatch(/^every schedule ended with the same bits\n {2}3 schedules, [\d,]+ events in /);
    expect(exitCode).toBe(0);
  });

  it('finds a planted bug and prints the command that replays it, which does', async () => {
    const { exitCode, out } = await geo('--plant', 'arrival-order', '--format', 'json');
    const { data } = JSON.parse(out) as { data: { failure: string; failedSeed: number; replay: string; schedules: number } };
    expect(exitCode).toBe(0);
    expect(data.replay).toBe(`npx geo simulate --seed ${data.failedSeed} --schedules 1 --plant arrival-order`);
    const again = await geo(...data.replay.split(' ').slice(3));
    expect(again.out).toContain(`✗ seed ${data.failedSeed}: ${data.failure}`);
  });

  it('names the bugs that can be planted', async () => {
    const { exitCode, err } = await geo('--plant', 'arival-order');
    expect(exitCode).toBe(2);
    expect(err).toContain('--plant: expected a bug that can be planted, got arival-order');
    expect(err).toContain('arrival-order');
  });
});
