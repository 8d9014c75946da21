import { kernelNames } from '@geodesic/engine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { caseGenerators, kernelCases } from './cases/index.ts';
import { expectDerivatives } from './derivative-check.ts';

describe('kernelCases', () => {
  it('have a case of every kernel', () => {
    const covered = new Set(kernelCases.map(({ kernel }) => kernel));
    expect(kernelNames.filter((kernel) => !covered.has(kernel))).toEqual([]);
  });

  it('have titles that tell the cases of a kernel apart', () => {
    const names = kernelCases.map(({ kernel, title }) => `${kernel} ${title}`);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});

const smooth = kernelCases.filter((kernelCase) => kernelCase.smooth !== false);

describe('vjp and jvp of each kernel', () => {
  it.each(smooth)('agree with each other and with finite differences to third order: $kernel $title', (kernelCase) => {
    expectDerivatives(kernelCase, { seed: 20260101, order: 3 });
  });

  it.each(caseGenerators)('agree with each other and with finite differences to second order on random shapes: $kernel', ({ cases }) => {
    fc.assert(
      fc.property(cases, fc.integer(), (kernelCase, seed) => expectDerivatives(kernelCase, { seed, order: 2 })),
      { seed: 20260102, numRuns: 16 },
    );
  });
});
