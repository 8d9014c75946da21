/** Looking up what a model's function was to return. */
import { ModelError } from '../errors.ts';

/** The value of this name. @throws {ModelError} naming the subject when there is none */
export function outputOf(outputs: Readonly<Record<string, number>>, name: string, subject: string): number {
  const id = outputs[name] as number | undefined;
  if (id === undefined) throw new ModelError(subject, `an output ${name}`, `none among ${Object.keys(outputs).join(', ')}`);
  return id;
}
