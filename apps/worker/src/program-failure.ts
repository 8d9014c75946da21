/** A program that fails on the run's own data and parameters: every worker would meet the same failure, so the run cannot go on. */

/** What the program did, in words for the author of the model. */
export class ProgramFailure extends Error {
  override readonly name = 'ProgramFailure';
}
