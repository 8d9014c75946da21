import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectSeries, MeasurementsError, MeasurementsWriter, parseMeasurements } from '../src/index.ts';

describe('MeasurementsWriter', () => {
  it('writes one line a record, in the order of the calls however long an append takes', async () => {
    const lines: string[] = [];
    const gates: (() => void)[] = [];
    const writer = new MeasurementsWriter((line) => {
      lines.push(line);
      return new Promise<void>((open) => gates.push(open));
    });
    const first = writer.write({ step: 1, trainLoss: 0.5 });
    const second = writer.write({ step: 2, trainLoss: Number.NaN, split: 'test' });
    await Promise.resolve();
    expect(lines).toHaveLength(1);
    gates[0]();
    await first;
    await Promise.resolve();
    gates[1]();
    await second;
    await writer.flush();
    expect(lines.join('')).toBe('{"step":1,"trainLoss":0.5}\n{"step":2,"trainLoss":null,"split":"test"}\n');
  });

  it('reports a failed append to its caller and goes on', async () => {
    const lines: string[] = [];
    const writer = new MeasurementsWriter((line) => {
      if (line.includes('"step":1,')) throw new Error('disk full');
      lines.push(line);
    });
    const failing = writer.write({ step: 1, trainLoss: 1 });
    const fine = writer.write({ step: 2, trainLoss: 1 });
    await expect(failing).rejects.toThrow('disk full');
    await fine;
    expect(lines).toEqual(['{"step":2,"trainLoss":1}\n']);
  });
});

describe('parseMeasurements', () => {
  it('reads back what was written', () => {
    const text = '{"step":0,"trainLoss":2.3}\n{"step":1,"trainLoss":null}\n';
    const records = [
      { step: 0, trainLoss: 2.3 },
      { step: 1, trainLoss: null },
    ];
    expect(parseMeasurements(text)).toEqual({ records, validBytes: text.length });
    expect(parseMeasurements('')).toEqual({ records: [], validBytes: 0 });
  });

  it('reports a torn last line, wherever it was torn, and keeps every whole one', () => {
    const text = '{"step":0,"note":"é"}\n{"step":1,"trainLoss":0.25}\n';
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length }), (cut) => {
        const file = parseMeasurements(text.slice(0, cut));
        const whole = text.slice(0, cut).split('\n').length - 1;
        expect(file.records).toHaveLength(whole);
        expect(file.validBytes).toBe([0, 23, 51][whole]);
        expect(`${text.slice(0, [0, 22, 50][whole])}${file.torn ?? ''}`).toBe(text.slice(0, cut));
      }),
      { seed: 1 },
    );
  });

  it.each(['{"step":', '[]', '{"trainLoss":1}', ''])('refuses the line %j in the middle', (line) => {
    const read = (): unknown => parseMeasurements(`{"step":0}\n${line}\n{"step":2}\n`);
    expect(read).toThrow(MeasurementsError);
    expect(read).toThrow(
      `parseMeasurements: expected a JSON object with a step on line 2, got ${JSON.stringify(line)} (the file was edited or damaged)`,
    );
  });
});

describe('collectSeries', () => {
  it('makes curves of finite numbers, names evaluations by their split and lets the later record of a step win', () => {
    const records = [
      { step: 2, trainLoss: 0.5, engine: 'reference' },
      { step: 1, trainLoss: 1, damping: null },
      { step: 2, trainLoss: 0.4 },
      { step: 2, split: 'validation', loss: 0.6, accuracy: 0.9 },
    ];
    expect(collectSeries(records)).toEqual({
      trainLoss: [
        { step: 1, value: 1 },
        { step: 2, value: 0.4 },
      ],
      validationLoss: [{ step: 2, value: 0.6 }],
      validationAccuracy: [{ step: 2, value: 0.9 }],
    });
  });
});
