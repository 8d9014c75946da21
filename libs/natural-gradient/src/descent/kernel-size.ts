/**
 * What the kernel trick can take: the Gram matrix of a batch is solved, and the rows that it is made of are gathered, at the coordinator.
 */

/** Rows and columns of the largest Gram matrix: 128 MB in float64, and some seconds for its Cholesky factor. */
const mostExamples = 4096;
/** Numbers in the rows of all examples: 256 MB in float32. */
const mostNumbers = 2 ** 26;

/** A batch, and the layers of a group that goes by the kernel trick. */
export interface KernelSize {
  /** N, rows of a step: slots times the size of a slot, padding included. */
  readonly examples: number;
  /** rows = inputs (+ 1 with a bias), columns = outputs. */
  readonly layers: readonly { readonly rows: number; readonly columns: number }[];
}

/** What is wrong with the size of a batch, in words; undefined where nothing is. Pure, for use before anything runs. */
export function checkKernelSize({ examples, layers }: KernelSize): string | undefined {
  if (examples > mostExamples)
    return (
      `expected at most ${mostExamples} examples in a step for method kernel, got ${examples}, whose Gram matrix would be ` +
      `${examples} x ${examples} (take a smaller batch, or method cg)`
    );
  // Inputs, gradients of the true targets and of the sampled ones.
  const width = layers.reduce((sum, { rows, columns }) => sum + rows + 2 * columns, 0);
  if (examples * width <= mostNumbers) return undefined;
  return (
    `expected at most ${mostNumbers} numbers in the gathered rows for method kernel, got ${examples} examples of ${width} each, ` +
    `${examples * width} (take a smaller batch or fewer layers, or method cg)`
  );
}
