export { RandomnessError } from './errors.ts';
export { fillNormal, fillUniform } from './fill.ts';
export { deriveKey } from './key.ts';
export { permutation } from './permutation.ts';
export { philox, type RandomKey } from './philox.ts';
