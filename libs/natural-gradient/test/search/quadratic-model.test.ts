import { modelChange, type QuadraticModel, solveModel } from '@geodesic/natural-gradient';
import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const model: QuadraticModel = {
  slopeD: -3,
  slopeM: 1,
  curvature: { DD: 2, DM: 0.5, MM: 1 },
  square: { DD: 1, DM: 0.2, MM: 4 },
};
const adaptive = { damping: 0.5, momentum: 'adaptive', tolerance: 1e-12 } as const;

describe('solveModel', () => {
  it('is the minimum over the plane: no other pair does better in the damped model', () => {
    const damped = (alpha: number, mu: number): number => {
      const { DD, DM, MM } = model.square;
      return modelChange(model, { alpha, mu }) + (0.5 / 2) * (alpha ** 2 * DD + 2 * alpha * mu * DM + mu ** 2 * MM);
    };
    const best = solveModel(model, adaptive);
    const other = fc.tuple(fc.double({ min: -5, max: 5, noNaN: true }), fc.double({ min: -5, max: 5, noNaN: true }));
    fc.assert(fc.property(other, ([alpha, mu]) => damped(alpha, mu) >= damped(best.alpha, best.mu) - 1e-12));
  });

  it('solves the first line alone for a given momentum', () => {
    const { alpha, mu } = solveModel(model, { ...adaptive, momentum: 0.9 });
    expect(mu).toBe(0.9);
    expectClose(alpha, -(-3 + 0.9 * (0.5 + 0.5 * 0.2)) / (2 + 0.5), { rel: 1e-15 });
    expectClose(solveModel(model, { ...adaptive, momentum: 'none' }).alpha, 3 / 2.5, { rel: 1e-15 });
  });

  it('drops a momentum that is nothing or parallel', () => {
    const none = { ...model, slopeM: 0, curvature: { DD: 2, DM: 0, MM: 0 }, square: { DD: 1, DM: 0, MM: 0 } };
    const parallel = { ...model, slopeM: -6, curvature: { DD: 2, DM: 4, MM: 8 }, square: { DD: 1, DM: 2, MM: 4 } };
    for (const flat of [none, parallel]) expect(solveModel(flat, adaptive)).toEqual({ alpha: 3 / 2.5, mu: 0 });
  });

  it('does not move along nothing, and tells a model that is no number', () => {
    const nothing = { slopeD: 0, slopeM: 0, curvature: { DD: 0, DM: 0, MM: 0 }, square: { DD: 0, DM: 0, MM: 0 } };
    expect(solveModel(nothing, adaptive)).toEqual({ alpha: 0, mu: 0 });
    expect(solveModel({ ...nothing, curvature: { DD: Number.NaN, DM: 0, MM: 0 } }, adaptive).alpha).toBeNaN();
  });
});
