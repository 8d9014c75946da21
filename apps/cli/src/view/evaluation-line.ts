/** One line for the evaluation of a checkpoint. */
import type { EvaluationResult } from '../evaluate/evaluation-result.ts';
import { formatCount, formatMeasurement, formatShare } from './format.ts';
import { span, type Line } from './styled-text.ts';

/** Step, means and the parameters that they are of. */
export function evaluationLine({ step, split, loss, accuracy, columns, examples, paramsDigest, note }: EvaluationResult): Line {
  const parts = [
    `${split} loss ${measured(loss)}`,
    ...(accuracy === undefined ? [] : [`accuracy ${accuracy === null ? 'not finite' : formatShare(accuracy)}`]),
    ...Object.entries(columns).map(([name, mean]) => `${name} ${measured(mean)}`),
    `${formatCount(examples)} examples`,
  ];
  const digest = paramsDigest.replace(/^sha256:/, '').slice(0, 12);
  const why = note === undefined ? [] : [span(`  ${note}`, 'bad')];
  return [span(`step ${step}`, 'strong'), span(`  ${parts.join('  ')}`), span(`  ${digest}`, 'dim'), ...why];
}

function measured(mean: number | null): string {
  return mean === null ? 'not finite' : formatMeasurement(mean);
}
