/**
 * Where the examples come from: the shapes of the `data` section, every default filled in.
 */

interface DataBase {
  /** Share of the training split held out by hash for validation, in [0, 0.5]; default 0. */
  readonly validation: number;
}

/** The handwritten digits that Geodesic brings. */
export interface DigitsDataSpec extends DataBase {
  readonly source: 'digits';
}

/** Generated grey images of strokes, without classes: for autoencoders. */
export interface CurvesDataSpec extends DataBase {
  readonly source: 'curves';
  /** Pixels along a side; default 14. */
  readonly side: number;
  /** Training images; default 1000. */
  readonly examples: number;
}

/** Points on the arms of a spiral in the plane. */
export interface SpiralDataSpec extends DataBase {
  readonly source: 'spiral';
  /** Number of classes; default 3. */
  readonly arms: number;
  /** Training examples, a multiple of the arms; default 450. */
  readonly points: number;
  /** Factors of the two inputs; default [1, 1]. */
  readonly scale: readonly [number, number];
  /** Added to the two inputs, after scaling; default [0, 0]. */
  readonly shift: readonly [number, number];
}

/** Labelled grey images in IDX files, raw or gzipped, such as MNIST. */
export interface IdxDataSpec extends DataBase {
  readonly source: 'idx';
  /**
   * Paths relative to the folder of the spec; absolute in a run's bundle: every machine of the run reads the files there. Where they lie is
   * not part of the run's digest; what they hold is.
   */
  readonly images: string;
  readonly labels: string;
  readonly testImages: string;
  readonly testLabels: string;
  /** Train on the first so many images only; default all. */
  readonly limit?: number;
  /** `sha256:` of the decompressed files; written when the run is submitted, and checked wherever it is there. */
  readonly digest?: string;
}

export type DataSpec = DigitsDataSpec | CurvesDataSpec | SpiralDataSpec | IdxDataSpec;
