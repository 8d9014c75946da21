/**
 * What an emission rule sees: the writer, the node, and the names of the values it reads.
 */
import type { GraphNode, ValueType } from '../graph.ts';
import type { Layout } from './layout-values.ts';
import type { OnnxWriter } from './writer.ts';

/** One node to emit. */
export interface Site {
  readonly writer: OnnxWriter;
  readonly node: GraphNode;
  /** Names of the input values. */
  readonly inputs: readonly string[];
  readonly inputTypes: readonly ValueType[];
}

/** Writes a node and returns the name of its value. */
export type Emission = (site: Site) => string;

/** Emissions by kernel name. */
export type EmissionTable = Readonly<Record<string, Emission>>;

/** How a kernel on images is written with channels first: the layouts of its inputs and of its value. */
export interface ImageEmission {
  readonly takes: readonly Layout[];
  readonly gives: Layout;
  readonly emit: Emission;
}

/** Emissions on images with channels first, by kernel name. Types in a site stay those of the graph, channels last. */
export type ImageEmissionTable = Readonly<Record<string, ImageEmission>>;
