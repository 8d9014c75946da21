/** The command line: formats, usage errors and their exit codes, without starting a process. */
import { describe, expect, it } from 'vitest';
import { runProgram } from '../src/program.ts';

async function geo(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const text = { out: '', err: '' };
  const stdout = { write: (more: string) => void (text.out += more) };
  const stderr = { write: (more: string) => void (text.err += more) };
  return { exitCode: await runProgram(argv, { stdout, stderr, env: {} }), ...text };
}

describe('runProgram', () => {
  it('prints its version and its help', async () => {
    expect(await geo('--version')).toEqual({ exitCode: 0, out: '0.1.0\n', err: '' });
    expect((await geo('run', '--help')).out).toContain('--set <path=value>');
  });

  it('groups its commands by what people want', async () => {
    const { out } = await geo('--help');
    for (const heading of ['Train:', 'Steer a run that is under way:', 'Look into a run:', 'Break things on purpose:'])
      expect(out).toContain(`\n${heading}\n`);
  });

  it('suggests the command that was meant', async () => {
    expect(await geo('valdate', 'x.yaml')).toEqual({
      exitCode: 2,
      out: '',
      err: "error: unknown command 'valdate'\n  hint: Did you mean validate?\n",
    });
  });

  it('reports a usage error in the format that was asked for', async () => {
    const { exitCode, out, err } = await geo('run', 'x.yaml', '--workers', 'two', '--format', 'json');
    expect({ exitCode, err }).toEqual({ exitCode: 2, err: '' });
    const { error } = JSON.parse(out) as { error: { code: string; message: string } };
    expect(error.code).toBe('USAGE');
    expect(error.message).toContain("--workers <n>' argument 'two' is invalid. Expected a whole number of at least 1");
  });

  it('refuses an unknown format and names the known ones', async () => {
    const { exitCode, err } = await geo('validate', 'x.yaml', '--format', 'xml');
    expect(exitCode).toBe(2);
    expect(err).toContain('Allowed choices are text, json, jsonl');
  });

  it('names a spec that is not there', async () => {
    const { exitCode, err } = await geo('validate', 'no/such.yaml');
    expect(exitCode).toBe(2);
    expect(err).toContain('no/such.yaml: expected a readable run spec, got no such file');
  });

  it('refuses at validation what a method cannot take, naming the layer', async () => {
    const kernel = "optimizer.groups=[{name: a, match: ['conv*'], method: kernel}, {name: b, match: ['**'], method: adam}]";
    const { exitCode, err } = await geo('validate', 'examples/digits-mlp.yaml', '--set', 'model={recipe: cnn-classifier}', '--set', kernel);
    expect({ exitCode, err }).toEqual({
      exitCode: 2,
      err:
        'error: examples/digits-mlp.yaml: model: conv1: expected a layer of kind dense for method kernel of group a, got kind conv ' +
        '(move it to a group of kfac, adam, sgd or frozen)\n  hint: see the comments in examples/digits-ndm.yaml\n',
    });
  });

  it('refuses at validation a metric for a layer that no chart has', async () => {
    const metric = "optimizer.groups=[{name: a, match: [stem], method: metric-kfac}, {name: b, match: ['**'], method: adam}]";
    expect((await geo('validate', 'examples/digits-ndm.yaml', '--set', metric)).err).toContain(
      'model: stem: expected a chart that it belongs to for method metric-kfac of group a, got none (move it to a group of kfac, adam, sgd or frozen)',
    );
  });
});
