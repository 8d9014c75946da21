/**
 * Whether a model's parameters fit into one vector: offsets into theta are 32-bit numbers on the wire and in programs.
 */
import { ModelError, type Model } from '@geodesic/nn';
import { makeLayout } from '@geodesic/tensor';

/** P at most. */
const MOST_PARAMETERS = 2 ** 31 - 1;

/** Refuses a model with too many parameters. @throws {ModelError} naming the largest of them */
export function requireFittingSize({ parameters }: Pick<Model, 'parameters'>): void {
  const { size, entries } = makeLayout(parameters);
  if (size <= MOST_PARAMETERS) return;
  const largest = entries.reduce((so, entry) => (entry.size > so.size ? entry : so));
  const got = `${size.toLocaleString('en')}, ${largest.size.toLocaleString('en')} of them in ${largest.name} [${largest.shape.join(', ')}]`;
  throw new ModelError('parameters', `at most ${MOST_PARAMETERS.toLocaleString('en')} numbers`, `${got} (make it narrower)`);
}
