/** Specs that several tests start from. */
import type { GroupInput } from '../src/index.ts';

/** The shortest NDM spec: everything that has a default is left out. */
export const MINIMAL_NDM = `name: digits-ndm
seed: 1
model: {recipe: ndm-classifier}
data: {source: digits}
batch: {examples: 512}
steps: 150
`;

/** Two groups that cover an NDM classifier. */
export function someGroups(): readonly GroupInput[] {
  return [
    { name: 'ends', match: ['stem', 'head'], method: 'kfac', learningRate: 0.05 },
    { name: 'rest', match: ['**'], method: 'adam' },
  ];
}
