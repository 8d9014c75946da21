/** What a step throws, as the run is told of it. What is no matter of the data or the options stays as it is: a defect. */
import {
  NegativeCurvatureError,
  NonFiniteError,
  SearchFailedError,
  SingularFactorError,
  SingularKernelError,
} from '@geodesic/natural-gradient';
import { CoordinatorError } from './errors.ts';
import { EXIT } from './exit-code.ts';

/** Numbers that no step can be made of. */
const numerical = [NonFiniteError, SingularFactorError, SingularKernelError, NegativeCurvatureError] as const;

/** The error to end the run with; `detail` is appended to what a search that found nothing says. */
export function stepFailure(cause: unknown, detail = ''): unknown {
  if (cause instanceof SearchFailedError) {
    const hint = 'start with a larger damping, or allow more rejections';
    return new CoordinatorError('SEARCH_FAILED', cause.message + detail, { hint, exitCode: EXIT.data, cause });
  }
  const known = numerical.find((kind) => cause instanceof kind);
  if (known === undefined) return cause;
  const hint = 'raise the damping, or lower the learning rate; optimizer.search quadratic takes such steps back by itself';
  return new CoordinatorError('STEP_FAILED', (cause as Error).message, { hint, exitCode: EXIT.data, cause });
}
