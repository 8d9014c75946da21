/** A simulation that cannot tell a broken promise is worth nothing: each of these breaks one, and is found. */
import { describe, expect, it } from 'vitest';
import { plantedBugs, runSchedules } from '../src/index.ts';
import type { PlantedBug } from '../src/index.ts';

describe('simulate with a planted bug', () => {
  it.each(Object.entries(plantedBugs))('finds %s within 200 schedules', (plant, { description }) => {
    const { failed, schedules } = runSchedules({ from: 1, count: 200, plant: plant as PlantedBug });
    expect(failed?.failure, `${description}: not found in ${schedules} schedules`).toBeDefined();
  });
});
